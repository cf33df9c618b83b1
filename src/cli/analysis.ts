import type { Analysis } from '../analyze.ts';
import { printable } from '../base/text.ts';
import type { Duration } from '../base/time.ts';
import type { Observer } from '../model/observer.ts';
import type { ServiceChoice } from '../model/request.ts';
import { STANDARD_STREAM } from './input-paths.ts';
import { interruptibleInput } from './interruptible.ts';
import type { Io } from './io.ts';
import { createProgress } from './progress.ts';
import type { Services } from './services.ts';

/** What a command works with. */
export interface Context {
  io: Io;
  services: Services;
  /** Some of what was named could not be read. */
  onUnreadable?(): void;
}

/** Options of all commands that read captures. */
export interface ReadingOptions {
  dnsPort?: number[];
  client?: string[];
  name?: string[];
  slowerThan?: Duration;
  keylog?: string[];
  service?: ServiceChoice;
  manifests?: string[];
  quiet?: true;
  /** False with `--no-progress`. */
  progress: boolean;
}

// IANA's port for DNS.
const DNS_PORTS: readonly number[] = [53];

/** Reads the inputs and shows how far it is. */
export async function analyzeInputs(
  paths: readonly string[],
  options: ReadingOptions,
  { io, services, onUnreadable }: Context,
  observers: readonly Observer[] = [],
): Promise<Analysis> {
  const progress = createProgress(io, options.progress && options.quiet !== true);
  const input = paths.includes(STANDARD_STREAM) ? interruptibleInput(io) : null;
  const unreadable: string[] = [];
  try {
    const analysis = await services.analyze({
      paths,
      dnsPorts: options.dnsPort ?? DNS_PORTS,
      clients: options.client ?? [],
      names: options.name ?? [],
      slowerThan: options.slowerThan ?? null,
      ...(options.keylog === undefined ? {} : { keyLogs: options.keylog }),
      ...(options.service === undefined ? {} : { service: options.service }),
      ...(options.manifests === undefined ? {} : { manifests: options.manifests }),
      observers,
      onProgress: progress.onProgress,
      onUnreadable(because) {
        unreadable.push(because);
        onUnreadable?.();
      },
      onInterim: progress.onInterim,
      ...(input === null ? {} : { stdin: input.stream }),
    });
    const unseen = options.quiet === true ? null : unseenService(analysis, options.service);
    if (unseen !== null) io.stderr.write(unseen);
    return analysis;
  } finally {
    progress.stop();
    for (const because of unreadable) io.stderr.write(`kubelag: ${printable(because)}\n`);
    input?.dispose();
  }
}

const MAX_NAMED = 3;

/** A slip in the address would else go unseen: the answer is that of a service without requests. */
function unseenService({ diagnosis }: Analysis, service: ServiceChoice | undefined): string | null {
  if (service === undefined || diagnosis.requests.count > 0) return null;
  const { address, port } = service;
  const servers = diagnosis.exchanges.byServer.map(({ server }) => server);
  const others = servers.length === 0 ? 'nor to anybody' : `there are to ${servers.slice(0, MAX_NAMED).join(', ')}`;
  return `kubelag: --service ${port === null ? address : `${address}:${port}`}: the capture shows no request to it; ${others}\n`;
}
