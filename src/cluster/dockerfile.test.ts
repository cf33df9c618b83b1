import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isDockerfile, readDockerfile } from './dockerfile.ts';
import { readResolvConf } from './resolv-conf.ts';

const libcOf = (text: string): string[] =>
  readDockerfile('Dockerfile', text)
    .software.map(({ component }) => component)
    .filter((component) => /^(?:glibc|musl)$/.test(component));

test.each([
  ['FROM alpine:3.18\n', ['musl']],
  ['FROM node:20-alpine3.20', ['musl']],
  ['FROM python:3.12-alpine', ['musl']],
  [
    'FROM --platform=$BUILDPLATFORM golang:1.22 AS build\nRUN go build\nFROM debian:12-slim\nCOPY --from=build /a /a',
    ['glibc'],
  ],
  ['ARG TAG=bookworm\nFROM python:3.12-${TAG}', ['glibc']],
  ['FROM ubuntu:22.04 AS base\nFROM alpine AS other\nFROM base\n', ['glibc']],
  ['FROM python:3.12', ['glibc']],
  ['FROM example.com/own:1', []],
  ['FROM $NOBODY', []],
  ['FROM scratch', []],
  ['', []],
])('%j runs on %j', (text, expected) => {
  expect(libcOf(text)).toEqual(expected);
});

test('environment and command of the last stage, each with its place', () => {
  const text = [
    'FROM eclipse-temurin:17-jammy AS build',
    'ENV GODEBUG=x',
    'FROM eclipse-temurin:17-jre-jammy',
    'ENV OTHER=1 \\',
    '    JAVA_TOOL_OPTIONS="-Xmx1g -Dsun.net.inetaddr.ttl=5"',
    'ENTRYPOINT ["java", "-Dnetworkaddress.cache.ttl=10", "-jar", "a.jar"]',
  ].join('\n');
  const { recipe, base } = readDockerfile('a/Dockerfile', text);
  expect(base).toMatchObject({ value: 'eclipse-temurin:17-jre-jammy', place: { line: 3, column: 6 } });
  expect(recipe.environment).toMatchObject([
    { name: 'OTHER' },
    { name: 'JAVA_TOOL_OPTIONS', value: { value: '-Xmx1g -Dsun.net.inetaddr.ttl=5', place: { line: 5, column: 24 } } },
  ]);
  expect(recipe.entrypoint.map(({ value }) => value)).toEqual([
    'java',
    '-Dnetworkaddress.cache.ttl=10',
    '-jar',
    'a.jar',
  ]);
  expect(recipe.entrypoint[1]).toMatchObject({ place: { file: 'a/Dockerfile', line: 6, column: 22 } });
  expect(recipe.shell).toBe(false);
  expect(readDockerfile('Dockerfile', 'FROM a\nCMD exec gunicorn -w 4 app\n').recipe).toMatchObject({
    command: [{ value: 'exec' }, { value: 'gunicorn' }, { value: '-w' }, { value: '4' }, { value: 'app' }],
    shell: true,
  });
});

test('a program that was built elsewhere speaks for itself', () => {
  const built = 'FROM golang:1.22-alpine AS build\nRUN go build\nFROM alpine:3.19\nCOPY --from=build /a /a\n';
  expect(readDockerfile('Dockerfile', built).software.map(({ component }) => component)).toEqual(['musl', 'go']);
  const copied = 'FROM golang:1.22 AS build\nFROM python:3.12\nCOPY --from=build /tool /tool\n';
  expect(readDockerfile('Dockerfile', copied).software.map(({ component }) => component)).toEqual(['glibc', 'python']);
});

test('names of Dockerfiles', () => {
  expect(['Dockerfile', 'Dockerfile.prod', 'app.dockerfile', 'Containerfile'].every(isDockerfile)).toBe(true);
  expect(['Dockerfiles', 'dockerfile.md.txt', 'deployment.yaml'].some(isDockerfile)).toBe(false);
});

test('resolv.conf: the last search counts, options keep their places', () => {
  const read = readResolvConf(
    'resolv.conf',
    'search a.example\nnameserver 10.0.0.10\nsearch b c # end\noptions ndots:5 single-request-reopen\n',
  );
  expect(read.searches.map(({ value }) => value)).toEqual(['b', 'c']);
  expect(read.options).toMatchObject([
    { name: { value: 'ndots' }, value: { value: '5', place: { line: 4, column: 15 } } },
    { name: { value: 'single-request-reopen' }, value: null },
  ]);
});

test('no text makes either throw, and values stand where their places say', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.constantFrom(
      'FROM ',
      'a AS b\n',
      'ENV GODEBUG=',
      'ENV GRPC_X "',
      '\\\n',
      '\r\n',
      '# c\n',
      '$',
      '${A:-b}',
      'ARG A=$A\n',
      'CMD -Da.b=c',
      'options a:b ',
      'search x y\n',
      'nameserver ',
    ),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const text = pieces.join('');
      const { environment, entrypoint, command } = readDockerfile('Dockerfile', text).recipe;
      const { searches, options } = readResolvConf('resolv.conf', text);
      const plain = [...searches, ...options.map(({ name }) => name)];
      for (const { value, place } of plain) expect(text.slice(...place.range)).toBe(value);
      const joined = text.replace(/\\[ \t]*\r?\n(?:[ \t]*#[^\n]*\n)*/g, (joint) => ' '.repeat(joint.length));
      for (const { value, place } of [...environment.map((one) => one.value), ...entrypoint, ...command]) {
        expect(joined.slice(...place.range)).toBe(value);
      }
    }),
  );
});
