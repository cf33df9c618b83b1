import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { predict } from '../../diagnosis/predict.ts';
import { clusterOf } from '../support/testing/cluster-of.ts';
import { PREDICTIONS } from './registry.ts';

const KINDS = [
  ['apps/v1', 'Deployment'],
  ['apps/v1', 'DaemonSet'],
  ['batch/v1', 'CronJob'],
  ['v1', 'Pod'],
  ['v1', 'Service'],
  ['v1', 'Node'],
  ['v1', 'ConfigMap'],
  ['v1', 'List'],
  ['networking.k8s.io/v1', 'Ingress'],
  ['networking.istio.io/v1', 'VirtualService'],
  ['networking.istio.io/v1', 'DestinationRule'],
  ['gateway.networking.k8s.io/v1', 'HTTPRoute'],
  ['discovery.k8s.io/v1', 'EndpointSlice'],
  ['karpenter.k8s.aws/v1', 'EC2NodeClass'],
  ['autoscaling/v2', 'HorizontalPodAutoscaler'],
  ['networking.k8s.io/v1', 'IngressClass'],
  ['traefik.io/v1alpha1', 'IngressRoute'],
  ['traefik.io/v1alpha1', 'ServersTransport'],
  ['projectcontour.io/v1', 'HTTPProxy'],
  ['networking.istio.io/v1alpha3', 'EnvoyFilter'],
  ['eks.services.k8s.aws/v1alpha1', 'PodIdentityAssociation'],
  ['serving.knative.dev/v1', 'Service'],
  ['argoproj.io/v1alpha1', 'Rollout'],
] as const;

// The words that are looked for, in any place and of any type.
const key = fc.constantFrom(
  'metadata', 'name', 'namespace', 'labels', 'annotations', 'spec', 'template', 'containers', 'initContainers', 'env', 'value', 'args',
  'command', 'image', 'ports', 'containerPort', 'resources', 'limits', 'cpu', 'dnsConfig', 'options', 'dnsPolicy', 'hostNetwork',
  'selector', 'clusterIP', 'type', 'rules', 'http', 'paths', 'backend', 'service', 'timeout', 'retries', 'attempts', 'perTryTimeout',
  'status', 'podIP', 'nodeInfo', 'kernelVersion', 'items', 'endpoints', 'addresses', 'ownerReferences', 'kind', 'replicas', 'data',
  'Corefile', 'metadataOptions', 'httpPutResponseHopLimit', 'jobTemplate', 'securityContext', 'sysctls', 'iam.amazonaws.com/role',
  'envFrom', 'configMapRef', 'valueFrom', 'configMapKeyRef', 'key', 'prefix', 'forwardingTimeouts', 'idleConnTimeout', 'configPatches',
  'applyTo', 'patch', 'idle_timeout', 'stream_idle_timeout', 'route', 'trafficPolicy', 'connectionPool', 'tcp', 'tcpKeepalive', 'time',
  'serviceAccount', 'routes', 'services', 'timeoutPolicy', 'retryPolicy', 'response', 'controller', 'host', 'config.conf',
); // prettier-ignore

const scalar = fc.oneof(
  fc.constantFrom(
    '',
    'server',
    '/kiam',
    '--session-duration=',
    '--session-duration',
    '60m',
    'single-request-reopen',
    'ndots',
    'python:3.11',
    'node:20-alpine',
    'quay.io/uswitch/kiam:v3',
    'grpc',
    '5',
    'None',
    'http://a.b.c',
    '4.15.0',
    'gunicorn',
    '--timeout',
    'LoadBalancer',
    '200m',
    '-1',
    'GRPC_KEEPALIVE_TIME',
    'JAVA_TOOL_OPTIONS',
    '-Dsun.net.inetaddr.ttl=0',
    '-Dnetworkaddress.cache.ttl=5',
    'kind: KubeProxyConfiguration\nmode: "ipvs"\nconntrack: {tcpEstablishedTimeout: 5m}',
    '30s',
    'x'.repeat(5000),
  ),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.string({ unit: 'binary', maxLength: 8 }),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 7, depthSize: 'medium' },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(key, tie('value'), { maxKeys: 5 }),
  ),
}));
const object = fc
  .tuple(fc.constantFrom(...KINDS), fc.dictionary(key, value, { maxKeys: 6 }))
  .map(([[apiVersion, kind], rest]) => ({ ...rest, apiVersion, kind }));

describe('the configuration sides', () => {
  it('take whatever stands in a manifest, and never throw', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(object, { minLength: 1, maxLength: 6 }), async (objects) => {
        const cluster = await clusterOf(objects.map((one) => JSON.stringify(one)).join('\n---\n'));
        const { found } = predict(cluster, PREDICTIONS, () => true);
        for (const { finding } of found) {
          expect(finding.says).not.toMatch(/undefined|NaN|\[object/);
          expect(finding.evidence.length).toBeGreaterThan(0);
          expect(finding.fix.every(({ title }) => title !== '')).toBe(true);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('read any text as manifests without throwing', async () => {
    const piece = fc.constantFrom(
      'apiVersion: v1',
      'kind: List',
      'items:',
      '- ',
      '\n',
      '  ',
      '---\n',
      '{',
      '}',
      '[',
      ']',
      '"',
      '&a ',
      '*a',
      '<<: ',
      ': ',
      '|',
      '>',
      '\t',
      '\r',
      '{{ x }}',
      '# kubelag-ignore a',
      '\ufeff',
      '\u0000',
      '...',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 40 }), async (pieces) => {
        const cluster = await clusterOf(pieces.join(''));
        expect(cluster.problems.every(({ line, says }) => line >= 1 && says !== '')).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});
