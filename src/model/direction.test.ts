import { describe, expect, it } from 'vitest';
import { directionOf, isThroughSidecar, isWithinPod, receiverOf } from './direction.ts';

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

  it('is into the pod where a proxy hands it on from the pod’s own address', () => {
    const vantage = { kind: 'pod' as const, addresses: ['10.244.1.7'] };
    expect(directionOf(vantage, '10.244.1.7', '10.244.1.7', null)).toBe('inbound');
    expect(directionOf(vantage, '127.0.0.6', '10.244.1.7', null)).toBe('inbound');
  });
});

describe('what does not leave a pod', () => {
  const [pod, other] = ['10.244.1.7', '10.244.2.9'];
  it.each([
    ['what is redirected to the sidecar', { client: pod, server: other, backend: '127.0.0.1:15001' }, true],
    ['what the sidecar hands on', { client: '127.0.0.6', server: pod, backend: null }, true],
    ['the same from the pod’s own address', { client: pod, server: pod, backend: null }, true],
    ['what one program asks of another', { client: '127.0.0.1', server: '127.0.0.1', backend: null }, false],
    ['the same with IPv6', { client: '::1', server: '::1', backend: null }, false],
  ])('is %s', (_, ends, isThrough) => {
    expect(isWithinPod(ends)).toBe(true);
    expect(isThroughSidecar(ends)).toBe(isThrough);
  });

  it('is not what goes to another pod, by a Service or not', () => {
    expect(isWithinPod({ client: pod, server: other, backend: null })).toBe(false);
    expect(isWithinPod({ client: pod, server: '10.96.0.9', backend: `${other}:80` })).toBe(false);
    expect(isThroughSidecar({ client: pod, server: other, backend: null })).toBe(false);
  });
});
