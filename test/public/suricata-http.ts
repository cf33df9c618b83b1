import type { Exchange } from '../../src/model/exchange.ts';
import { redactHost, redactPath } from '../../src/protocols/redact.ts';
import type { Check } from './suricata-checks.ts';

export const isOfHttp = ({ match }: Check): boolean =>
  match['event_type'] === 'http' && !Object.keys(match).some((key) => key.includes('http2'));

/** The checks with paths as we show them: what is alike then is one check, with all their counts. */
export function redacted(checks: readonly Check[]): Check[] {
  const found = new Map<string, Check>();
  for (const { match, count, filename } of checks) {
    const url = match['http.url'];
    const shown = url === undefined ? match : { ...match, 'http.url': redactPath(url) };
    const key = JSON.stringify(shown);
    found.set(key, { match: shown, filename, count: (found.get(key)?.count ?? 0) + count });
  }
  return [...found.values()];
}

/**
 * Whether Suricata's event for this exchange fulfils the check, as far as we keep what the check
 * asks for: headers, lengths of bodies and Suricata's own counters we do not, and then only the
 * rest counts.
 */
export function fulfilsHttp(exchange: Exchange, { match }: Check): boolean {
  return Object.entries(match).every(([key, value]) => {
    switch (key) {
      case 'src_ip':
        return exchange.client === value;
      case 'src_port':
        return String(exchange.clientPort) === value;
      case 'dest_ip':
        return exchange.server === value;
      case 'dest_port':
        return String(exchange.serverPort) === value;
      case 'http.hostname':
        return exchange.host.replace(/:\d+$/, '') === redactHost(value);
      case 'http.url':
        return exchange.path === value;
      case 'http.http_method':
        return exchange.method === value;
      case 'http.status':
        return String(exchange.status) === value;
      case 'http.protocol':
        return exchange.protocol === value.toLowerCase();
      default:
        return true;
    }
  });
}
