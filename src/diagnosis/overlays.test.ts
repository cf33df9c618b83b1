import { expect, it } from 'vitest';
import { acrossOverlays } from './overlays.ts';
import { predict } from './predict.ts';
import { PREDICTIONS } from '../rules/predicted/registry.ts';
import { clusterOf, deployment } from '../rules/support/testing/cluster-of.ts';

it('what one cluster has twice of the same lines stays two findings', async () => {
  const reopen = 'dnsConfig:\n  options:\n    - name: single-request-reopen';
  const grpc = 'ports:\n  - {name: grpc, containerPort: 50051}';
  const { found } = predict(
    await clusterOf(deployment({ image: 'python:3.11-slim', pod: reopen, container: grpc })),
    PREDICTIONS,
  );
  expect(found.length).toBeGreaterThan(0);
  const once = acrossOverlays([{ name: '', found }]);
  expect(acrossOverlays([{ name: '', found: [...found, ...found] }])).toHaveLength(2 * once.length);
});
