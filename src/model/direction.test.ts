import { describe, expect, it } from 'vitest';
import { directionOf, receiverOf } from './direction.ts';

describe('where a call goes', () => {
  it.each([
    ['10.244.1.7', '10.96.0.9', '10.244.1.7:8080'],
    ['fd00::7', 'fd00:96::9', '[fd00::7]:8080'],
  ])('is into the pod %s where a DNAT sent it there', (pod, server, backend) => {
    const vantage = { kind: 'pod' as const, addresses: [pod] };
    expect(directionOf(vantage, 'client', server, backend)).toBe('inbound');
    expect(directionOf(vantage, 'client', server, null)).toBe('through');
    expect(directionOf(vantage, pod, server, backend)).toBe('outbound');
    expect(receiverOf({ server, backend })).toBe(pod);
  });
});
