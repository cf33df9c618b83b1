import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exchangeOf } from '../model/testing/rows.ts';
import { isToNone, metadataOf, readCredentials, serviceOf } from './metadata.ts';

const asked = (path: string, method = 'GET', server = '169.254.169.254', host = server) =>
  metadataOf(exchangeOf({ method, path, server, host }), '');
const credentialsIn = (body: string) => {
  const metadata = asked('/latest/meta-data/iam/security-credentials/{role}')!;
  readCredentials(metadata, body);
  return metadata;
};
const ROLE = '/latest/meta-data/iam/security-credentials/{role}';

describe('a question to a metadata service', () => {
  it.each([
    ['/latest/api/token', 'PUT', '169.254.169.254', 'ec2', 'token'],
    ['/latest/meta-data/iam/security-credentials/', 'GET', '169.254.169.254', 'ec2', 'roles'],
    [ROLE, 'GET', '169.254.169.254', 'ec2', 'credentials'],
    // Behind a DNAT only the path says it.
    [ROLE, 'GET', '172.20.47.113', 'ec2', 'credentials'],
    ['/latest/meta-data/instance-id', 'GET', '169.254.169.254', 'ec2', 'other'],
    ['/latest/meta-data/…', 'GET', '169.254.169.254', 'ec2', 'unknown'],
    ['/v2/credentials/{id}', 'GET', '169.254.170.2', 'ecs', 'credentials'],
    ['/v1/credentials', 'GET', '169.254.170.23', 'eks-pod-identity', 'credentials'],
    ['/computeMetadata/v1/instance/service-accounts/default/token', 'GET', '10.0.0.1', 'gce', 'credentials'],
    ['/computeMetadata/v1/instance/service-accounts/default/', 'GET', '10.0.0.1', 'gce', 'roles'],
    ['/computeMetadata/v1/instance/service-accounts/default/email', 'GET', '10.0.0.1', 'gce', 'other'],
    ['/computeMetadata/v1/instance/zone', 'GET', '169.254.169.254', 'gce', 'other'],
    ['/metadata/identity/oauth2/token', 'GET', '169.254.169.254', 'azure', 'credentials'],
    ['/metadata/instance', 'GET', '169.254.169.254', 'azure', 'other'],
  ])('%s (%s to %s) asks %s for %s', (path, method, server, service, asks) => {
    expect(asked(path, method, server)).toMatchObject({ service, asks });
  });

  it.each(['/api/v1/search', '/latest/news', '/credentials'])('%s is none', (path) => {
    expect(asked(path, 'GET', '10.96.0.7', 'api.prod')).toBeNull();
  });

  it('is found by the quick look as well', () => {
    const addresses = [
      '169.254.169.254',
      '169.254.170.2',
      '169.254.170.23',
      'fd00:ec2::254',
      'fd00:ec2::23',
      '10.0.0.1',
    ];
    const address = fc.constantFrom(...addresses, '', 'api.prod');
    const host = fc
      .tuple(address, fc.constantFrom('', ':80'), fc.boolean())
      .map(([one, port, hasBrackets]) => (hasBrackets ? `[${one}]${port}` : `${one}${port}`));
    const words =
      '1.0 {id} 2021-07-15 latest metadata computeMetadata identity meta-data api dynamic user-data items …';
    const segment = fc.constantFrom('', ...words.split(' '));
    const path = fc.array(segment, { maxLength: 4 }).map((segments) => segments.map((one) => `/${one}`).join(''));
    let found = 0;
    fc.assert(
      fc.property(address, host, path, (server, name, asks) => {
        if (serviceOf(server, name.replace(/:\d+$/, ''), asks) === null) return;
        found++;
        expect(isToNone(server, name, asks)).toBe(false);
      }),
    );
    expect(found).toBeGreaterThan(0);
  });

  it.each([
    ['aws-sdk-java/1.12.129 Linux/6.18 OpenJDK_64-Bit_Server_VM/17', 'aws-sdk-java/1.12.129'],
    ['Botocore/1.24.46 Python/3.11.7', 'Botocore/1.24.46'],
    ['Java/17.0.15', 'Java/17.0.15'],
    ['azsdk-net-Identity/1.10.4 (.NET 8.0.1; Alpine)', 'azsdk-net-Identity/1.10.4'],
    [
      'python-requests/2.34.2 gl-python/3.11.7 auth/2.63.0 auth-request-type/at cred-type/mds',
      'google-auth-python/2.63.0',
    ],
    ['my-secret-client/1.0', null],
  ])('of %s names %s', (agent, software) => {
    expect(metadataOf(exchangeOf({ server: '169.254.169.254', path: ROLE }), agent)).toMatchObject({ software });
  });
});

describe('an answer with credentials', () => {
  const body =
    '{"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"ASIAFAUPKOQJIMYWLZTY","SecretAccessKey":"pYa0zKf1AqM9","Token":"FwoG",' +
    '"Expiration":"2026-11-22T06:58:45Z","LastUpdated":"2026-11-22T06:43:45Z"}';

  it('tells their life and whether they are the same, and keeps nothing of them', () => {
    const metadata = credentialsIn(body);
    expect(metadata.expiresAt - metadata.issuedAt).toBe(900);
    expect(new Date(metadata.expiresAt * 1000).toISOString()).toBe('2026-11-22T06:58:45.000Z');
    expect(metadata.agent).toBe('kiam');
    expect(metadata.session).toBe(credentialsIn(body).session);
    expect(metadata.session).not.toBe(credentialsIn(body.replace('ASIA', 'ASIB')).session);
    expect(JSON.stringify(metadata)).not.toMatch(/ASIA|pYa0|FwoG/);
  });

  it("tells an access token's remaining life", () => {
    expect(
      credentialsIn('{"access_token":"ya29.secret-token","expires_in":3599,"token_type":"Bearer"}').remaining,
    ).toBe(3599);
    expect(credentialsIn('{"access_token":"eyJ0eXAi.secret","expires_on":"1795330325"}').expiresAt).toBe(1795330325);
  });

  it('that is cut tells what is there', () => {
    const metadata = credentialsIn(body.slice(0, body.indexOf('"LastUpdated"')));
    expect(metadata.expiresAt).toBeGreaterThan(0);
    expect(metadata.issuedAt).toBeNaN();
  });

  it('may be anything at all', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (text) => {
        const { issuedAt, expiresAt, remaining } = credentialsIn(text);
        for (const value of [issuedAt, expiresAt, remaining]) expect(Number.isNaN(value) || value >= 0).toBe(true);
      }),
    );
  });
});
