import { credentialClient } from '../../../knowledge/credential-clients.ts';
import type { Located, Workload } from '../../../model/workload.ts';
import { programOf, running } from './program.ts';

/** The SDK that a workload asks a cloud with, and when it asks for new credentials. */
export interface Sdk {
  name: string;
  /** It asks again when less than this is left, in seconds. */
  window: number;
  /** It waits before it asks again, so that no storm comes. */
  calm: boolean;
  source: string;
  /** What tells which it is; null where only the language does, or nothing. */
  quote: Located<string> | null;
  /** Told by a lock file, by the language alone, or by nothing. */
  told: 'software' | 'language' | 'nothing';
}

const MINUTE = 60;

/** Packages to the name that the SDK gives itself, by which its window is known. */
const PRODUCTS: readonly (readonly [component: RegExp, product: string])[] = [
  [/^aws-sdk-java$|^com\.amazonaws:/, 'aws-sdk-java'],
  [/^aws-sdk-java-v2$|^software\.amazon\.awssdk:/, 'aws-sdk-java'],
  [/^botocore$/, 'Botocore'],
  [/^boto3$/, 'Botocore'],
];

// boto3 1.N asks for botocore 1.(N + 3): 1.9 for 1.12, 1.17 for 1.20, 1.22 for 1.25 (its wheels' Requires-Dist).
const BOTOCORE_AHEAD = 3;

/** The release by which the window is known. */
function releaseOf(component: string, version: string): string {
  const match = component === 'boto3' ? /^1\.(\d{1,4})/.exec(version) : null;
  return match === null ? version : `1.${Number(match[1]) + BOTOCORE_AHEAD}.0`;
}

/** SDKs that ask so late that no provider's refresh falls into their window. */
const LATE = /^aws-sdk-(?:go|js|go-v2|core)$|^@aws-sdk\/|^aws-sdk$|^github\.com\/aws\/aws-sdk-go/;

/** What only one language's SDKs do. */
const BY_LANGUAGE: Readonly<Record<string, number>> = { go: 5 * MINUTE, node: 5 * MINUTE, ruby: 5 * MINUTE };

export function sdkOf(workload: Workload): Sdk {
  for (const { component, version, quote } of workload.software) {
    if (LATE.test(component)) {
      return {
        name: component,
        window: 5 * MINUTE,
        calm: false,
        source: 'SDK sources: 5 min',
        quote,
        told: 'software',
      };
    }
    const product = PRODUCTS.find(([known]) => known.test(component))?.[1];
    if (product === undefined || version === null) continue;
    const known = credentialClient(`${product}/${releaseOf(component, version)}`, 'ec2');
    return {
      name: component === 'boto3' ? `boto3 ${version} (${known.name})` : `${known.name} ${version}`,
      window: known.windowSeconds,
      calm: known.isCalm,
      source: known.source,
      quote,
      told: 'software',
    };
  }
  const language = running(workload)
    .map((container) => programOf(container, workload.software).language)
    .find((one) => one !== null);
  const window = language === undefined || language === null ? undefined : BY_LANGUAGE[language];
  if (window !== undefined) {
    return {
      name: `AWS SDK for ${language}`,
      window,
      calm: false,
      source: 'SDK sources: 5 min',
      quote: null,
      told: 'language',
    };
  }
  return {
    name: language === 'java' || language === 'python' ? `AWS SDK for ${language}` : 'the AWS SDK in use',
    window: 15 * MINUTE,
    calm: false,
    source: 'AWS SDKs for Java (to 1.12.187, 2.17.158), botocore (to 1.24), .NET: 15 min',
    quote: null,
    told: 'nothing',
  };
}
