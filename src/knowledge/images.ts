/** What an image's name tells of what runs in it. */
const LANGUAGE_NAMES = ['java', 'node', 'python', 'go', 'ruby', 'php', 'dotnet', 'rust'] as const;
export type Language = (typeof LANGUAGE_NAMES)[number];

export const isLanguage = (name: string): name is Language => LANGUAGE_NAMES.some((one) => one === name);

export interface Libc {
  component: 'glibc' | 'musl';
  /** What its distribution's repositories ship; null where the release is not told. */
  version: string | null;
}

/** A word of a repository or a tag: `alma` is none in `almanac`. */
const word = (names: string): RegExp => new RegExp(`(?:^|[/:._-])(?:${names})(?:[/:._@\\d-]|$)`, 'i');

/** By what their repositories ship. */
const RELEASES: readonly (readonly [image: RegExp, component: Libc['component'], version: string | null])[] = [
  [/(?:^|[/:-])alpine[:-]?v?3\.(?:18|19)(?:[.\-@]|$)/i, 'musl', '1.2.4'],
  [/(?:^|[/:-])alpine[:-]?v?3\.2[0-3](?:[.\-@]|$)/i, 'musl', '1.2.5'],
  [word('alpine|musl'), 'musl', null],
  [/bookworm|(?:^|\/)debian:12|debian12/i, 'glibc', '2.36'],
  [/bullseye|(?:^|\/)debian:11|debian11/i, 'glibc', '2.31'],
  [/(?:^|\/)ubuntu:(?:24\.04|noble)|-noble/i, 'glibc', '2.39'],
  [/(?:^|\/)ubuntu:(?:22\.04|jammy)|-jammy/i, 'glibc', '2.35'],
  [/(?:^|\/)ubuntu:(?:20\.04|focal)|-focal/i, 'glibc', '2.31'],
  [
    word(
      'debian|ubuntu|trixie|buster|stretch|jammy|focal|noble|bionic|slim|ubi|ubi-minimal|centos|rockylinux|almalinux|fedora|amazonlinux|al2|al2023|wolfi',
    ),
    'glibc',
    null,
  ],
  [/distroless\/(?:base|cc|java|python|nodejs)|^cgr\.dev\/chainguard\//i, 'glibc', null],
  // Official images of runtimes stand on a distribution with glibc where their tag says nothing else.
  [
    /(?:^|\/)(?:python|node|ruby|php|openjdk|eclipse-temurin|amazoncorretto|ibm-semeru-runtimes|tomcat|jetty|maven|gradle|golang|rust|perl|gcc)(?::|@|$)|mcr\.microsoft\.com\/dotnet\/(?:aspnet|runtime|sdk)(?::|@|$)/i,
    'glibc',
    null,
  ],
];

const LANGUAGES: readonly (readonly [Language, RegExp])[] = [
  [
    'java',
    word(
      'java|jre|jdk|openjdk|temurin|corretto|amazoncorretto|jvm|zulu|tomcat|jetty|spring|wildfly|liberica|maven|gradle',
    ),
  ],
  ['python', word('python|gunicorn|uvicorn|django|flask|fastapi|celery')],
  ['node', word('node|nodejs|deno|bun')],
  ['go', /(?:^|[/:_-])golang(?:[/:._@\d-]|$)|distroless\/static/i],
  ['rust', /(?:^|\/)rust(?:[:@]|$)/i],
  ['ruby', word('ruby|rails|puma|unicorn')],
  ['php', word('php|php-fpm')],
  ['dotnet', word('dotnet|aspnet')],
];

/** A digest tells nothing. */
const withoutDigest = (image: string): string => image.replace(/@sha256:.*/, '');

export function libcOfImage(image: string): Libc | null {
  const name = withoutDigest(image);
  const known = RELEASES.find(([pattern]) => pattern.test(name));
  return known === undefined ? null : { component: known[1], version: known[2] };
}

export const languageOfImage = (image: string): Language | null =>
  LANGUAGES.find(([, pattern]) => pattern.test(withoutDigest(image)))?.[0] ?? null;
