import { parseV4, parseV6 } from '../base/addresses.ts';
import { grpcStatusName } from '../model/code-names.ts';
import type { Exchange } from '../model/exchange.ts';
import { attributes, type Attribute } from './otlp-span.ts';

/*
 * Semantic conventions of OpenTelemetry, those that are stable (HTTP since 1.23, databases since
 * 1.33, RPC since 1.45): https://opentelemetry.io/docs/specs/semconv/. Kafka's are not yet.
 */
export const SCHEMA_URL = 'https://opentelemetry.io/schemas/1.45.0';

/** What an exporter remembers of an exchange for the spans that speak of it. */
export type ExchangeFacts = Pick<
  Exchange,
  | 'protocol'
  | 'client'
  | 'clientPort'
  | 'server'
  | 'serverPort'
  | 'method'
  | 'path'
  | 'host'
  | 'status'
  | 'grpcStatus'
  | 'outcome'
> & { error: string | null };

type Role = 'server' | 'client';

// HTTP methods of RFC 9110 and PATCH; any other is _OTHER in a span, whose names must be few.
const HTTP_METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
]);

const isHttp = ({ protocol }: ExchangeFacts): boolean => protocol.startsWith('http/');

/** As the conventions name a span: few names, each for many spans. */
export function spanName(facts: ExchangeFacts): string {
  const { protocol, method, path } = facts;
  if (protocol === 'grpc') return path.replace(/^\//, '') || 'grpc';
  if (isHttp(facts)) return [methodName(method, 'HTTP'), path].filter((part) => part !== '').join(' ');
  return method === '' ? protocol : method;
}

const methodName = (method: string, other: string): string =>
  method === '' ? '' : HTTP_METHODS.has(method) ? method : other;

/** @param role whose span it is: the server's that received it, or the client's that sent it */
export function exchangeAttributes(facts: ExchangeFacts, role: Role): Attribute[] {
  const { protocol, client, clientPort, server, serverPort } = facts;
  const peer = role === 'server' ? ([client, clientPort] as const) : ([server, serverPort] as const);
  return [
    ...(protocol === 'grpc' ? rpc(facts) : isHttp(facts) ? http(facts, role) : database(facts)),
    ...attributes({
      'error.type': errorType(facts, role),
      ...serverNamed(facts, role),
      ...(role === 'server' ? { 'client.address': client, 'client.port': clientPort } : {}),
      'network.peer.address': peer[0],
      'network.peer.port': peer[1],
      'network.transport': 'tcp',
      'network.type': parseV4(server) === null ? (parseV6(server) === null ? null : 'ipv6') : 'ipv4',
    }),
  ];
}

/** By the name that was asked for. A server may stand behind another port than the one that its caller knows. */
function serverNamed({ host, server, serverPort }: ExchangeFacts, role: Role): Record<string, string | number> {
  const match = /^(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(host);
  if (match === null) return { 'server.address': server, 'server.port': serverPort };
  const [, name = '', port] = match;
  return {
    'server.address': name.replace(/^\[|\]$/g, ''),
    ...(port !== undefined ? { 'server.port': Number(port) } : role === 'client' ? { 'server.port': serverPort } : {}),
  };
}

function http({ protocol, method, path, status }: ExchangeFacts, role: Role): Attribute[] {
  return attributes({
    'http.request.method': methodName(method, '_OTHER'),
    'http.request.method_original': HTTP_METHODS.has(method) ? null : method,
    // Identifiers in it stand as {id}: it is a template, and no path that was asked for.
    [role === 'server' ? 'http.route' : 'url.template']: path,
    'http.response.status_code': status > 0 ? status : null,
    'network.protocol.name': 'http',
    'network.protocol.version': protocol.replace('http/', ''),
  });
}

const rpc = ({ path, grpcStatus }: ExchangeFacts): Attribute[] =>
  attributes({
    'rpc.system.name': 'grpc',
    'rpc.method': path.replace(/^\//, ''),
    'rpc.status_code': grpcStatus >= 0 ? grpcStatusName(grpcStatus) : null,
    'network.protocol.name': 'http',
    'network.protocol.version': '2',
  });

const database = ({ protocol, method, error }: ExchangeFacts): Attribute[] =>
  protocol === 'kafka'
    ? attributes({ 'messaging.system': 'kafka', 'messaging.operation.name': method })
    : attributes({
        'db.system.name': protocol,
        'db.operation.name': method,
        'db.response.status_code': error,
      });

// Codes by which a server says that it failed itself; the others blame the caller.
// https://opentelemetry.io/docs/specs/semconv/rpc/grpc/#server
const GRPC_SERVER_ERRORS: ReadonlySet<string> = new Set([
  'UNKNOWN',
  'DEADLINE_EXCEEDED',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
]);
const FIRST_CLIENT_ERROR = 400;
const FIRST_SERVER_ERROR = 500;

/** What failed, '' where nothing did: a 4xx is the client's failure, and none of the server's. */
export function errorType(facts: ExchangeFacts, role: Role): string {
  const { outcome, status, grpcStatus, error } = facts;
  if (outcome === 'reset' || outcome === 'closed' || outcome === 'cancelled') return outcome;
  if (facts.protocol === 'grpc') {
    const code = grpcStatusName(grpcStatus);
    const isError = role === 'client' ? grpcStatus > 0 : GRPC_SERVER_ERRORS.has(code);
    return isError ? code : '';
  }
  if (isHttp(facts)) {
    return status >= (role === 'client' ? FIRST_CLIENT_ERROR : FIRST_SERVER_ERROR) ? String(status) : '';
  }
  return outcome === 'error' ? (error ?? '_OTHER') : '';
}
