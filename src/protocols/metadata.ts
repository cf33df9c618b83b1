import { createHash } from 'node:crypto';
import type { Exchange } from '../model/exchange.ts';
import type { Metadata, MetadataAgent, MetadataQuestion, MetadataService } from '../model/metadata.ts';
import { CUT } from './redact.ts';

/** An answer with credentials has 600 to 1,600 bytes, an access token up to 4,096 more. */
export const MAX_METADATA_BODY = 16 << 10;
// A user agent's first words tell; nobody's product name is longer.
const MAX_SOFTWARE = 48;
const KEPT_DIGITS = 16;
// 2000 to 2100: other numbers are no times.
const FIRST_TIME = 946_684_800;
const LAST_TIME = 4_102_444_800;
// Tokens live a day at most; Azure's 28 hours are the longest.
const LONGEST_LIFE = 172_800;

/** Of all products only these are named: a user agent may hold anything. */
const PRODUCTS =
  /\b(aws-sdk-(?:java|go|go-v2|nodejs|js|ruby\d?|php|dotnet[-\w]*|rust|cpp)|Botocore|Boto3|aws-cli|python-urllib3|Java|google-api-go-client|google-auth|azsdk-[a-z]+(?:-[A-Za-z]+){0,3}|azure-identity)\/v?(\d{1,4}(?:\.\d{1,6}){0,3})/;

// Google's libraries leave the user agent to their HTTP client, and name themselves in `x-goog-api-client`.
const GOOGLE_AUTH =
  /\bgl-(python|java|node|go|ruby|php|dotnet)\/\S{1,32} (?:\S{1,32} )??auth\/(\d{1,4}(?:\.\d{1,6}){0,3})/;

const EC2_ADDRESSES = new Set(['169.254.169.254', 'fd00:ec2::254']);
const ECS_ADDRESS = '169.254.170.2';
const POD_IDENTITY_ADDRESSES = new Set(['169.254.170.23', 'fd00:ec2::23']);

const EC2_VERSION = String.raw`(?:latest|\d{4}-\d\d-\d\d|1\.0|\{id\})`;
const EC2_PATH = new RegExp(`^/${EC2_VERSION}/(?:meta-data|api|dynamic|user-data)(?:/|$)`);
const EC2_TOKEN = new RegExp(`^/${EC2_VERSION}/api/token$`);
const EC2_CREDENTIALS = new RegExp(`^/${EC2_VERSION}/meta-data/iam/security-credentials(?:-extended)?(?:/(.*))?$`);

const GCE_TOKEN = /\/service-accounts\/[^/]+\/token$/;
// google-auth asks what the account may do before it asks for each token.
const GCE_ACCOUNT = /\/service-accounts\/[^/]+\/?$/;

/** A quick look at a path: whether the request can be one to a metadata service at all. */
export const mayAskMetadata = (path: string): boolean =>
  path.startsWith('/latest/') ||
  path.startsWith('/computeMetadata/') ||
  path.startsWith('/metadata/') ||
  path.includes('/credentials') ||
  path.includes('/meta-data') ||
  path.endsWith('/api/token');

// The services' addresses begin so, and their ways with a year, `1.0`, `{id}` or one of these letters.
const ADDRESS_BEGINS = ['169.254.', 'fd00:', '[169.254.', '[fd00:'] as const;
const ADDRESS_SECONDS = '6d1f';
const PATH_BEGINS = '0123456789{lcm';

/** A quick look: nearly all requests are none to a metadata service. */
export const isToNone = (server: string, host: string, path: string): boolean =>
  !PATH_BEGINS.includes(path.charAt(1)) && !mayBeTheirs(server) && !mayBeTheirs(host);

/** Told by its second letter: hardly any other address or name has to be looked at further. */
const mayBeTheirs = (address: string): boolean =>
  ADDRESS_SECONDS.includes(address.charAt(1)) && ADDRESS_BEGINS.some((begin) => address.startsWith(begin));

/**
 * What a request asks a metadata service for; null where it asks none.
 * @param userAgent with what else names the client
 */
export function metadataOf({ server, method, path, host }: Exchange, userAgent: string): Metadata | null {
  if (isToNone(server, host, path)) return null;
  const service = serviceOf(server, host.replace(/:\d+$/, ''), path);
  if (service === null) return null;
  return {
    service,
    asks: questionOf(service, method, path),
    software: softwareOf(userAgent),
    agent: null,
    issuedAt: Number.NaN,
    expiresAt: Number.NaN,
    remaining: Number.NaN,
    session: null,
  };
}

export function serviceOf(server: string, host: string, path: string): MetadataService | null {
  if (server === ECS_ADDRESS || host === ECS_ADDRESS) return 'ecs';
  if (POD_IDENTITY_ADDRESSES.has(server) || POD_IDENTITY_ADDRESSES.has(host)) return 'eks-pod-identity';
  if (path.startsWith('/computeMetadata/')) return 'gce';
  if (path.startsWith('/metadata/identity/')) return 'azure';
  // All three clouds use the address; behind a DNAT only the path and Host still say it.
  const isAddressed = EC2_ADDRESSES.has(server) || EC2_ADDRESSES.has(host.replace(/^\[|\]$/g, ''));
  if (isAddressed) return path.startsWith('/metadata/') ? 'azure' : 'ec2';
  return EC2_PATH.test(path) ? 'ec2' : null;
}

function questionOf(service: MetadataService, method: string, path: string): MetadataQuestion {
  if (service === 'ec2') {
    if (EC2_TOKEN.test(path)) return method === 'PUT' ? 'token' : 'other';
    const role = EC2_CREDENTIALS.exec(path);
    if (role !== null) return (role[1] ?? '') === '' ? 'roles' : 'credentials';
  }
  if (path === '' || path.endsWith(CUT)) return 'unknown';
  if (service === 'ecs' || service === 'eks-pod-identity') return 'credentials';
  if (service === 'gce') {
    if (GCE_TOKEN.test(path)) return 'credentials';
    return GCE_ACCOUNT.test(path) ? 'roles' : 'other';
  }
  if (service === 'azure') return path.startsWith('/metadata/identity/') ? 'credentials' : 'other';
  return 'other';
}

function softwareOf(userAgent: string): string | null {
  const google = GOOGLE_AUTH.exec(userAgent);
  if (google !== null) return `google-auth-${google[1]}/${google[2]}`.slice(0, MAX_SOFTWARE);
  const found = PRODUCTS.exec(userAgent);
  return found === null ? null : `${found[1]}/${found[2]}`.slice(0, MAX_SOFTWARE);
}

/**
 * What an answer with credentials tells of their life: nothing else of it is kept. It is searched
 * and not parsed: it may be cut, or stand in chunks.
 */
export function readCredentials(metadata: Metadata, body: string): void {
  metadata.issuedAt = timeIn(body, 'LastUpdated');
  metadata.expiresAt = timeIn(body, 'Expiration');
  const left = Number(/"expires_in"\s*:\s*"?(\d{1,6})\b/.exec(body)?.[1] ?? Number.NaN);
  if (left <= LONGEST_LIFE) metadata.remaining = left;
  // Azure tells it in seconds since 1970.
  const until = Number(/"expires_on"\s*:\s*"?(\d{9,10})\b/.exec(body)?.[1] ?? Number.NaN);
  if (Number.isNaN(metadata.expiresAt) && until > FIRST_TIME && until < LAST_TIME) metadata.expiresAt = until;
  const secret = /"(?:AccessKeyId|access_token)"\s*:\s*"([^"]{8,4096})"/.exec(body)?.[1];
  if (secret !== undefined) {
    const hash = createHash('sha256').update('kubelag session ').update(secret);
    // Keys are long and random, and their hash is short: it can't be led back.
    metadata.session = hash.digest('hex').slice(0, KEPT_DIGITS);
  }
  metadata.agent = agentFromBody(body) ?? metadata.agent;
}

function timeIn(body: string, field: 'LastUpdated' | 'Expiration'): number {
  const text = new RegExp(String.raw`"${field}"\s*:\s*"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z)"`).exec(
    body,
  )?.[1];
  const time = text === undefined ? Number.NaN : Date.parse(text) / 1000;
  return time > FIRST_TIME && time < LAST_TIME ? time : Number.NaN;
}

/** By the order of fields and the blanks between them, which each program writes in its own way. */
function agentFromBody(body: string): MetadataAgent | null {
  if (/^\s*\{\s*"Code" : "Success",/.test(body)) return 'ec2';
  if (/^\s*\{"Code":"Success","Type":"AWS-HMAC","AccessKeyId":/.test(body)) return 'kiam';
  return /^\s*\{"AccessKeyId":"[^"]*","Code":/.test(body) ? 'kube2iam' : null;
}
