import { expect, it } from 'vitest';
import type { ExchangeProtocol } from '../../model/exchange.ts';
import { kindOf } from './usual.ts';

it.each<[ExchangeProtocol, string, string, string]>([
  ['http/1.1', 'GET', '/orders/{id}', 'GET /orders/{id}'],
  ['postgresql', 'SELECT', '', 'postgresql SELECT'],
  ['tls', '', '', 'a call inside TLS'],
  ['tcp', '', '', 'a call'],
])('a call over %s by %j for %j is called %j', (protocol, method, path, name) => {
  expect(kindOf({ protocol, method, path })).toBe(name);
});
