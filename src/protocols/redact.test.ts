import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { MAX_PATH, redactHost, redactPath } from './redact.ts';

describe('paths', () => {
  it('hide random secrets, slashes and all: less than one in a hundred shows ten letters', () => {
    const random = seededRandom(7);
    let shown = 0;
    for (let count = 0; count < 5000; count++) {
      const bytes = Buffer.from(Array.from({ length: 20 }, () => random() * 256));
      const secret = bytes.toString('base64').replaceAll('=', '');
      const segments = redactPath(`/files/${secret}`).split('/').slice(2);
      if (segments.some((segment) => segment !== '{id}' && segment.length >= 10)) shown++;
    }
    expect(shown).toBeLessThan(50);
  });

  it.each([
    '/',
    '*',
    '/users',
    '/api/v1/orders',
    '/v1beta1/projects/-/locations',
    '/shop.Pricing/Quote',
    '/grpc.health.v1.Health/Check',
    '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
    '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    '/latest/api/token',
    '/latest/meta-data/iam/security-credentials/',
    '/2021-07-15/meta-data/instance-id',
    '/computeMetadata/v1/instance/service-accounts/default/token',
    '/metadata/identity/oauth2/token',
    '/index.html',
    '/healthz',
    '/getUserByOrderId',
    '/GetByID',
    '/findAllByUserIdAndStatus',
    '/GetHttpUrl/OAuthTokenURL',
    '/ListByIDs',
    '/HTTPServer/PostgreSQL',
    '/export.csv',
    '/a//b/',
    '/users:batchGet',
    '/s3/oauth2/i18n',
    '/.well-known/openid-configuration',
    '/wp-admin/admin-ajax.php',
  ])('%s stays', (path) => {
    expect(redactPath(path)).toBe(path);
  });

  it.each([
    ['/users/17', '/users/{id}'],
    ['/users/17/orders/4711', '/users/{id}/orders/{id}'],
    ['/users/1b4e28ba-2fa1-11d2-883f-0016d3cca427', '/users/{id}'],
    ['/objects/d41d8cd98f00b204e9800998ecf8427e', '/objects/{id}'],
    ['/f/deadbeef1', '/f/{id}'],
    ['/services/T02AB34CD/B05EF67GH/aBcDeFgHiJkLmNoPqRsTuVwX', '/services/{id}/{id}/{id}'],
    ['/services/x/XKQJZWVBNMLPTRSDFGHC', '/services/x/{id}'],
    ['/bot123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11/sendMessage', '/{id}/sendMessage'],
    ['/people/jane.doe@example.com', '/people/{id}'],
    ['/people/jane%40example.com', '/people/{id}'],
    ['/reset/hunter', '/reset/{id}'],
    ['/api/tokens/abc', '/api/tokens/{id}'],
    ['/a;jsessionid=7A1B/b', '/a/b'],
    ['/x/key=value', '/x/{id}'],
    ['/static/main.4f3a2b1c.js', '/static/{id}'],
    ['/pods/coredns-5d78c9869d-abcde', '/pods/{id}'],
    ['/t/xkjfqwzrtp', '/t/{id}'],
    ['/t/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP', '/t/{id}'],
    ['/search?q=secret&token=abc', '/search'],
    ['/page#section', '/page'],
    ['/latest/meta-data/iam/security-credentials/my-app-role', '/latest/meta-data/iam/security-credentials/{role}'],
    ['/latest/meta-data/iam/security-credentials/kiam-agent/', '/latest/meta-data/iam/security-credentials/{role}/'],
    ['/latest/meta-data/ram/security-credentials/Web', '/latest/meta-data/ram/security-credentials/{role}'],
    [
      '/computeMetadata/v1/instance/service-accounts/shop@project.iam.gserviceaccount.com/token',
      '/computeMetadata/v1/instance/service-accounts/{role}/token',
    ],
    ['/v2/credentials/0b6e9c6c-7e1a-4a7e-8b8e-6a2f3f6b0e7d', '/v2/credentials/{id}'],
    ['http://user:pass@host:8080/a/1?x=y', '/a/{id}'],
    ['http://host', '/'],
    ['/café', '/{id}'],
    ['/\u001b[31mred', '/{id}'],
  ])('%s becomes %s', (target, path) => {
    expect(redactPath(target)).toBe(path);
  });

  it('are bounded', () => {
    expect(redactPath('/word'.repeat(200)).length).toBeLessThanOrEqual(MAX_PATH);
    expect(redactPath('/word'.repeat(200))).toMatch(/^(?:\/word){24}\/…$/);
    expect(redactPath(`/${'a/'.repeat(5)}${'x'.repeat(5000)}`)).toBe('/a/a/a/a/a/{id}');
  });

  it('show no random token, whatever alphabet it is of', () => {
    const alphabets = [
      'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_',
      'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789',
      'abcdef0123456789',
      'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567',
    ];
    // Not fast-check's: it likes letters that are all the same, which no token is.
    let seed = 1;
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) & 0x7fff_ffff;
      return (seed >>> 8) % below;
    };
    const shown: string[] = [];
    for (let count = 0; count < 30_000; count++) {
      const alphabet = alphabets[count % alphabets.length] as string;
      const token = Array.from({ length: 20 + random(40) }, () => alphabet[random(alphabet.length)]).join('');
      if (redactPath(`/x/${token}`) !== '/x/{id}') shown.push(token);
    }
    expect(shown).toEqual([]);
  });

  it('hold nothing that could drive a terminal, and nothing of a query', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.string(), (path, query) => {
        const redacted = redactPath(`/${path}?${query}`);
        expect(redacted).toMatch(/^[\u0021-\u007e…]*$/);
        expect(redacted.length).toBeLessThanOrEqual(MAX_PATH);
        expect(redacted).not.toContain('?');
      }),
    );
  });
});

describe('hosts', () => {
  it.each([
    ['API.shop.svc:8080', 'api.shop.svc:8080'],
    ['user:pass@api', 'api'],
    [' 10.0.0.1 ', '10.0.0.1'],
    ['[::1]:80', '[::1]:80'],
    ['a b', ''],
    ['x\u001b[31m', ''],
    ['', ''],
    [`${'a'.repeat(300)}.example`, ''],
    ['host/path?token=1', ''],
  ])('%s is %s', (text, host) => {
    expect(redactHost(text)).toBe(host);
  });
});
