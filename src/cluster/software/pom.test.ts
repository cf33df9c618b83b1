import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLines } from '../yaml/lines.ts';
import { readPom } from './pom.ts';

const read = (text: string) =>
  readPom(text, createLines('pom.xml', text)).map(({ component, version, quote }) => [
    component,
    version,
    quote.place.line,
  ]);
const dependency = (artifact: string, version = ''): string =>
  `<dependency>\n<groupId>com.amazonaws</groupId>\n<artifactId>${artifact}</artifactId>\n${version === '' ? '' : `<version>${version}</version>\n`}</dependency>\n`;

describe('a pom.xml', () => {
  it('tells dependencies with their versions, from properties and a bill of materials too', () => {
    expect(read(dependency('aws-java-sdk-s3', '1.11.300'))).toEqual([['com.amazonaws:aws-java-sdk-s3', '1.11.300', 3]]);
    expect(read(`<aws.version>1.11.800</aws.version>\n${dependency('aws-java-sdk-s3', '${aws.version}')}`)).toEqual([
      ['com.amazonaws:aws-java-sdk-s3', '1.11.800', 4],
    ]);
    expect(read(dependency('aws-java-sdk-bom', '1.12.129') + dependency('aws-java-sdk-s3')).at(-1)).toEqual([
      'com.amazonaws:aws-java-sdk-s3',
      '1.12.129',
      8,
    ]);
    expect(read(dependency('aws-java-sdk-s3', '${no.such}'))).toEqual([['com.amazonaws:aws-java-sdk-s3', null, 3]]);
  });

  it('knows no dependency that is commented out', () => {
    expect(read(`<!-- ${dependency('aws-java-sdk-s3', '1.11.300')} -->`)).toEqual([]);
  });

  it('never throws', () => {
    const piece = fc.constantFrom(
      '<dependency>',
      '</dependency>',
      '<groupId>',
      '</groupId>',
      '<artifactId>',
      'a',
      '</artifactId>',
      '<version>',
      '${',
      '}',
      '</version>',
      '<!--',
      '-->',
      '(',
      '[',
      '\\',
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        expect(Array.isArray(read(pieces.join('')))).toBe(true);
      }),
    );
  });
});
