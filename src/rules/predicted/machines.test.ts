import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { RULES } from '../registry.ts';
import { deployment, predictionOf } from '../support/testing/cluster-of.ts';
import bandwidthLimit from './bandwidth-limit.ts';
import cpuThrottling from './cpu-throttling.ts';
import hopLimit from './metadata-hop-limit.ts';
import { PREDICTIONS } from './registry.ts';

const limited = (cpu: string, more = ''): string =>
  deployment({ container: `ports: [{containerPort: 8080}]\nresources: {limits: {cpu: ${cpu}}}\n${more}` });

const nodes = (hops: number): string =>
  `---\napiVersion: karpenter.k8s.aws/v1\nkind: EC2NodeClass\nmetadata: {name: default}\nspec:\n  metadataOptions: {httpPutResponseHopLimit: ${hops}}\n`;

const aws = (more = ''): string => deployment({ container: `env:\n  - {name: AWS_REGION, value: eu-west-1}\n${more}` });

const association = (spec: string): string =>
  `---\napiVersion: eks.services.k8s.aws/v1alpha1\nkind: PodIdentityAssociation\nmetadata: {name: x}\nspec: ${spec}\n`;

describe('metadata-hop-limit and roles that stand elsewhere', () => {
  const account = 'serviceAccountName: orders';
  const own = deployment({ pod: account, container: 'env:\n  - {name: AWS_REGION, value: eu-west-1}' });
  const known = '---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: orders, namespace: prod}\n';

  it('is only worth knowing where the account, or an agent, may give it one', async () => {
    expect(await predictionOf(hopLimit, own + nodes(1))).toMatchObject([{ severity: 'info' }]);
    expect(await predictionOf(hopLimit, own + known + nodes(1))).toMatchObject([{ severity: 'minor' }]);
    const agent = `---\n${deployment({ kind: 'DaemonSet', name: 'eks-pod-identity-agent' })}`;
    expect(await predictionOf(hopLimit, own + known + agent + nodes(1))).toMatchObject([{ severity: 'info' }]);
  });

  it.each(['{namespace: prod, serviceAccount: orders}', '{forProvider: {namespace: prod, serviceAccount: orders}}'])(
    'is silent with EKS Pod Identity %s',
    async (spec) => {
      expect(await predictionOf(hopLimit, own + known + association(spec) + nodes(1))).toEqual([]);
    },
  );
});

describe('cpu-throttling', () => {
  it('tells more workers than the limit has cores', async () => {
    const [found] = await predictionOf(cpuThrottling, limited('"2"', 'env: [{name: GOMAXPROCS, value: "16"}]'));
    expect(found).toMatchObject({ severity: 'minor', confidence: 'likely' });
    expect(found?.says).toContain(
      'runs 16 workers (GOMAXPROCS) on a limit of 2 CPU: they use up their 200 ms of each 100 ms in 13 ms',
    );
    expect(found?.fix[0]?.edits?.[0]?.value).toEqual({ name: 'GOMAXPROCS', value: '2' });
    expect(await predictionOf(cpuThrottling, limited('500m', 'command: [gunicorn, -w, "4", app]'))).toMatchObject([
      { severity: 'minor' },
    ]);
    expect(
      await predictionOf(
        cpuThrottling,
        limited('1', 'env: [{name: JAVA_TOOL_OPTIONS, value: "-XX:ActiveProcessorCount=8"}]'),
      ),
    ).toMatchObject([{ severity: 'minor' }]);
  });

  it('finds a limit below one core only worth knowing', async () => {
    expect(await predictionOf(cpuThrottling, limited('200m'))).toMatchObject([
      { severity: 'info', confidence: 'possible' },
    ]);
  });

  it('takes the limit of a whole pod for that of its containers', async () => {
    const shared = deployment({
      pod: 'resources: {limits: {cpu: 100m}}',
      container: 'ports: [{containerPort: 8080}]',
    });
    expect((await predictionOf(cpuThrottling, shared)).map(({ says }) => says)).toEqual([
      expect.stringContaining('may compute for 10 ms of each 100 ms (limits.cpu 0.1)'),
    ]);
  });

  it.each([
    ['there is no limit', deployment({ container: 'ports: [{containerPort: 80}]' })],
    ['the limit is of a core or more', limited('"1"')],
    ['as many workers as cores', limited('"4"', 'env: [{name: GOMAXPROCS, value: "4"}]')],
    ['nobody asks it', deployment({ container: 'resources: {limits: {cpu: 100m}}' })],
  ])('is silent where %s', async (_, text) => {
    expect(await predictionOf(cpuThrottling, text)).toEqual([]);
  });
});

const annotated = (annotation: string, value: string): string =>
  deployment({ container: 'ports: [{containerPort: 80}]', annotations: `${annotation}: ${value}` });

describe('bandwidth-limit', () => {
  it.each([
    ['kubernetes.io/egress-bandwidth', '20M', 'send 20M bit/s', '0.4 s'],
    ['kubernetes.io/ingress-bandwidth', '512Ki', 'receive 512Ki bit/s', '15 s'],
  ])('tells %s: %s, worth knowing', async (annotation, value, says, seconds) => {
    const [found] = await predictionOf(bandwidthLimit, annotated(annotation, value));
    expect(found).toMatchObject({ severity: 'info', confidence: 'possible' });
    expect(found?.says).toContain(says);
    expect(found?.says).toContain(`each megabyte takes ${seconds}`);
    expect(found?.fix[0]?.edits?.[0]?.path).toEqual(['spec', 'template', 'metadata', 'annotations', annotation]);
    expect(found?.fix[0]?.edits?.[0]?.value).toBe('1G');
  });

  it.each([
    ['kubernetes.io/egress-bandwidth', '1G'],
    ['kubernetes.io/egress-bandwidth', 'much'],
    ['example.com/bandwidth', '1M'],
  ])('is silent with %s: %s', async (annotation, value) => {
    expect(await predictionOf(bandwidthLimit, annotated(annotation, value))).toEqual([]);
  });
});

describe('metadata-hop-limit', () => {
  it('tells pods whose token is lost', async () => {
    const [found] = await predictionOf(hopLimit, aws() + nodes(1));
    expect(found).toMatchObject({ severity: 'minor', confidence: 'possible' });
    expect(found?.evidence[0]?.place?.quote).toBe('metadataOptions: {httpPutResponseHopLimit: 1}');
  });

  it.each([
    ['the answer reaches pods', aws() + nodes(2)],
    ['the pod has a role of its own', aws('  - {name: AWS_ROLE_ARN, value: x}') + nodes(1)],
    [
      'its account has one',
      `${deployment({ pod: 'serviceAccountName: orders', container: 'env: [{name: AWS_REGION, value: x}]' })}---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: orders, namespace: prod, annotations: {eks.amazonaws.com/role-arn: x}}\n${nodes(1)}`,
    ],
    ['it never asks', aws('  - {name: AWS_EC2_METADATA_DISABLED, value: "true"}') + nodes(1)],
    [
      'it is on the host network',
      deployment({ pod: 'hostNetwork: true', container: 'env: [{name: AWS_REGION, value: x}]' }) + nodes(1),
    ],
    ['nothing says AWS', deployment() + nodes(1)],
    ['no machine is described', aws()],
  ])('is silent where %s', async (_, text) => {
    expect(await predictionOf(hopLimit, text)).toEqual([]);
  });
});

describe('the configuration sides', () => {
  it('are sides of rules, with their names and titles', () => {
    const titles = new Map(RULES.map(({ id, title }) => [id, title]));
    for (const { id, title } of PREDICTIONS) if (titles.has(id)) expect(title, id).toBe(titles.get(id));
    expect(new Set(PREDICTIONS.map(({ id }) => id)).size).toBe(PREDICTIONS.length);
  });
});

describe('the page of each rule that judges manifests', () => {
  it.each(PREDICTIONS.map(({ id }) => id))('%s says what is judged from them, and what is assumed', (id) => {
    const page = readFileSync(new URL(`../${id}.md`, import.meta.url), 'utf8');
    expect(page).toMatch(/^## From manifests\nJudged: [^#]*\nAssumed: /m);
  });
});
