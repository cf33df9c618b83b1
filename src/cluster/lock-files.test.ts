import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isLockFile, readLockFile } from './lock-files.ts';

const told = (file: string, text: string): (string | number | null)[][] =>
  readLockFile(file, text).map(({ component, version, quote }) => [
    component,
    version,
    quote.value,
    quote.place.line,
    quote.place.column,
  ]);

const POM = `<project>
  <properties>
    <aws.version>1.11.300</aws.version>
  </properties>
  <!-- <dependency><groupId>io.grpc</groupId><artifactId>grpc-core</artifactId></dependency> -->
  <dependencies>
    <dependency>
      <groupId>com.amazonaws</groupId>
      <artifactId>aws-java-sdk-s3</artifactId>
      <version>\${aws.version}</version>
    </dependency>
    <dependency>
      <groupId>io.grpc</groupId>
      <artifactId>grpc-netty</artifactId>
    </dependency>
    <dependency><groupId>junit</groupId><artifactId>junit</artifactId><version>4</version></dependency>
  </dependencies>
</project>`;

test('pom.xml: properties are followed to where the version stands, comments are none', () => {
  expect(told('orders/pom.xml', POM)).toEqual([
    ['com.amazonaws:aws-java-sdk-s3', '1.11.300', '1.11.300', 3, 18],
    ['io.grpc:grpc-netty', null, 'grpc-netty', 14, 19],
  ]);
});

test.each([
  [
    'requirements.txt',
    '# boto3==1\nboto3[crt] == 1.21.46 # pinned\r\nrequests>=2\n',
    [
      ['boto3', '1.21.46', '1.21.46', 2, 15],
      ['requests', null, 'requests', 3, 1],
    ],
  ],
  ['poetry.lock', '[[package]]\nname = "botocore"\nversion = "1.24.46"\n', [['botocore', '1.24.46', '1.24.46', 3, 12]]],
  [
    'Gemfile.lock',
    'GEM\n  specs:\n    aws-sdk-core (3.211.0)\n      aws-sigv4 (~> 1.9)\n',
    [['aws-sdk-core', '3.211.0', '3.211.0', 3, 19]],
  ],
  [
    'go.mod',
    'module a.example/b\n\nrequire (\n\tgithub.com/aws/aws-sdk-go v1.55.7\n\tgoogle.golang.org/grpc v1.70.0 // indirect\n)\n',
    [
      ['github.com/aws/aws-sdk-go', '1.55.7', '1.55.7', 4, 29],
      ['google.golang.org/grpc', '1.70.0', '1.70.0', 5, 26],
    ],
  ],
  [
    'package-lock.json',
    '{"packages": {\n"": {"version": "1.0.0"},\n"node_modules/aws-sdk": {\n "version": "2.1693.0"}}}',
    [['aws-sdk', '2.1693.0', '2.1693.0', 4, 14]],
  ],
] as const)('%s', (file, text, expected) => {
  expect(told(file, text)).toEqual(expected);
});

const NAMES = ['pom.xml', 'requirements.txt', 'poetry.lock', 'Gemfile.lock', 'go.mod', 'package-lock.json'];

test('no text makes it throw, and every quote stands where its place says', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.constantFrom(
      '<dependency>',
      '</dependency>',
      '<!--',
      '-->',
      '<version>',
      '${a}',
      '"version": "',
      '[[package]]\n',
      'boto3==1.2',
      '\r\n',
      '    grpc (1.2)',
    ),
  );
  fc.assert(
    fc.property(fc.constantFrom(...NAMES), fc.array(piece, { maxLength: 30 }), (name, pieces) => {
      const text = pieces.join('');
      for (const { quote } of readLockFile(name, text)) {
        const { range, line, column } = quote.place;
        expect(text.slice(...range)).toBe(quote.value);
        expect(text.split('\n')[line - 1]!.slice(column - 1)).toContain(quote.value);
      }
    }),
  );
});

test('hostile repetition takes no longer than its length', () => {
  for (const name of NAMES) {
    expect(isLockFile(name)).toBe(true);
    for (const unit of ['<dependency>', '<!-- ', '"a": {"', '    ', '<properties>']) {
      expect(readLockFile(name, unit.repeat(20_000)).length).toBe(0);
    }
  }
}, 5_000);
