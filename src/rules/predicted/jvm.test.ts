import { describe, expect, it } from 'vitest';
import { predict } from '../../diagnosis/predict.ts';
import { clusterOf, deployment, predictionOf, type File } from '../support/testing/cluster-of.ts';
import lookupPerRequest from './dns-lookup-per-request.ts';
import settingIgnored from './dns-setting-ignored.ts';

const options = (value: string): string =>
  deployment({ container: `env:\n  - {name: JAVA_TOOL_OPTIONS, value: "${value}"}` });

describe('dns-lookup-per-request', () => {
  it('tells a JVM that keeps no addresses, and the change in the variable', async () => {
    const [found] = await predictionOf(lookupPerRequest, options('-Xmx1g -Dsun.net.inetaddr.ttl=0 -ea'));
    expect(found).toMatchObject({ severity: 'info', confidence: 'likely' });
    expect(found?.fix[0]?.edits).toMatchObject([
      { value: { name: 'JAVA_TOOL_OPTIONS', value: '-Xmx1g -Dsun.net.inetaddr.ttl=30 -ea' } },
    ]);
  });

  it.each<[string, File[]]>([
    ['on the command line', [deployment({ container: 'command: [java, -Dsun.net.inetaddr.ttl=0, -jar, a.jar]' })]],
    ['in a script', [deployment({ container: 'command: [sh, -c, "exec java -Dsun.net.inetaddr.ttl=0 -jar a.jar"]' })]],
    [
      'in its Dockerfile',
      [
        { file: 'orders/k8s.yaml', text: deployment() },
        {
          file: 'orders/Dockerfile',
          text: 'FROM eclipse-temurin:17\nENV JAVA_TOOL_OPTIONS="-Dsun.net.inetaddr.ttl=0"\n',
        },
      ],
    ],
    [
      "in its Dockerfile's ENTRYPOINT",
      [
        { file: 'orders/k8s.yaml', text: deployment() },
        {
          file: 'orders/Dockerfile',
          text: 'FROM eclipse-temurin:17\nENTRYPOINT ["java", "-Dsun.net.inetaddr.ttl=0"]\n',
        },
      ],
    ],
  ])('finds it %s', async (_, files) => {
    expect(await predictionOf(lookupPerRequest, ...files)).toHaveLength(1);
  });

  it('tells a wire that says otherwise', async () => {
    const cluster = await clusterOf(options('-Dsun.net.inetaddr.ttl=60'));
    expect(predict(cluster, [lookupPerRequest]).found).toEqual([]);
    const [seen] = predict(cluster, [lookupPerRequest], () => true).found;
    expect(seen?.predicted).toMatchObject({ message: 'contrary', contrary: true });
  });
});

describe('a security property on the command line', () => {
  it('does nothing, and the one that does is offered', async () => {
    const [found] = await predictionOf(settingIgnored, options('-Dnetworkaddress.cache.ttl=10'));
    expect(found).toMatchObject({ severity: 'minor', confidence: 'likely' });
    expect(found?.fix[0]?.edits).toMatchObject([{ value: { value: '-Dsun.net.inetaddr.ttl=10' } }]);
  });

  it.each(['-Dsun.net.inetaddr.ttl=10', '-Des.networkaddress.cache.ttl=60', '-Xmx1g'])('is not %s', async (value) => {
    expect(await predictionOf(settingIgnored, options(value))).toEqual([]);
  });
});
