import { setTimeout as sleep } from 'node:timers/promises';
import { printable } from '../base/text.ts';
import { UserError } from '../model/user-error.ts';

export interface OtlpTarget {
  url: URL;
  headers: Readonly<Record<string, string>>;
  /** Milliseconds. */
  pause?: (milliseconds: number) => Promise<unknown>;
}

export interface Sent {
  batches: number;
  /** Spans that the other side did not take, and why, as far as it said. */
  rejected: number;
  because: string | null;
}

// OTEL_EXPORTER_OTLP_TIMEOUT's default.
const TIMEOUT_MS = 10_000;
// https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes
const RETRIED: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const MAX_TRIES = 5;
const FIRST_PAUSE_MS = 1000;
const MOST_PAUSE_MS = 30_000;
// An answer is a few words; more is none.
const MAX_ANSWER = 64 << 10;
const MAX_REASON = 200;

/**
 * Sends batches, one after another, to an OTLP endpoint over HTTP.
 * @param batches ExportTraceServiceRequests in JSON
 * @throws UserError where the endpoint does not take them
 */
export async function sendOtlp(batches: AsyncIterable<string>, target: OtlpTarget): Promise<Sent> {
  const sent: Sent = { batches: 0, rejected: 0, because: null };
  for await (const body of batches) {
    const answer = await post(body, target);
    sent.batches++;
    sent.rejected += answer.rejected;
    sent.because ??= answer.because;
  }
  return sent;
}

interface Answer {
  rejected: number;
  because: string | null;
}

async function post(body: string, { url, headers, pause = sleep }: OtlpTarget): Promise<Answer> {
  const where = `${url.origin}${url.pathname}`;
  for (let attempt = 1; ; attempt++) {
    const response = await tryOnce(body, url, headers);
    if (typeof response !== 'string' && response.ok) return answerOf(await textOf(response));
    const again = typeof response === 'string' || RETRIED.has(response.status);
    if (!again || attempt >= MAX_TRIES) {
      const why = typeof response === 'string' ? response : `answered ${response.status}${await reasonOf(response)}`;
      throw new UserError(`${where}: ${why}; name a collector's OTLP/HTTP address, such as http://localhost:4318`);
    }
    await pause(pauseBefore(attempt, response));
  }
}

async function tryOnce(body: string, url: URL, headers: OtlpTarget['headers']): Promise<Response | string> {
  try {
    return await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body,
      // What the headers hold is meant for this server alone.
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError') return 'did not answer within 10 s';
    const cause = error instanceof Error ? (error.cause as { code?: unknown } | undefined) : undefined;
    return `cannot be reached (${typeof cause?.code === 'string' ? cause.code : 'no connection'})`;
  }
}

/** As long as the other side asks for, or twice as long each time. */
function pauseBefore(attempt: number, response: Response | string): number {
  const asked = typeof response === 'string' ? null : response.headers.get('retry-after');
  if (asked !== null && /^\d{1,9}$/.test(asked)) return Math.min(MOST_PAUSE_MS, Number(asked) * 1000);
  return Math.min(MOST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1));
}

async function textOf(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of response.body ?? []) {
      length += part.length;
      if (length > MAX_ANSWER) break;
      parts.push(part);
    }
  } catch {
    // The spans are taken; what else it had to say is lost.
  }
  return Buffer.concat(parts).toString('utf8');
}

/** `partialSuccess` of an ExportTraceServiceResponse: what is refused is not sent again. */
function answerOf(text: string): Answer {
  const none: Answer = { rejected: 0, because: null };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Some answer with nothing, or with a page.
    return none;
  }
  const partial = (value as { partialSuccess?: { rejectedSpans?: unknown; errorMessage?: unknown } } | null)
    ?.partialSuccess;
  if (typeof partial !== 'object' || partial === null) return none;
  const rejected = Number(partial.rejectedSpans ?? 0);
  const { errorMessage } = partial;
  return {
    rejected: Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0,
    because:
      typeof errorMessage === 'string' && errorMessage !== '' ? printable(errorMessage).slice(0, MAX_REASON) : null,
  };
}

async function reasonOf(response: Response): Promise<string> {
  const text = printable((await textOf(response)).trim()).slice(0, MAX_REASON);
  return text === '' ? '' : `: ${text}`;
}
