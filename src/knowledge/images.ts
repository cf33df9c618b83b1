/** What an image's name tells of what runs in it. */
const LANGUAGE_NAMES = ['java', 'node', 'python', 'go', 'ruby', 'php', 'dotnet', 'rust'] as const;
export type Language = (typeof LANGUAGE_NAMES)[number];

export const isLanguage = (name: string): name is Language => LANGUAGE_NAMES.some((one) => one === name);

export type Libc = 'glibc' | 'musl';

/** A word of a repository or a tag: `alma` is none in `almanac`. */
const word = (names: string): RegExp => new RegExp(`(?:^|[/:._-])(?:${names})(?:[/:._@\\d-]|$)`, 'i');

/** What distributions are built with, the first that fits. */
const DISTRIBUTIONS: readonly (readonly [image: RegExp, libc: Libc])[] = [
  [word('alpine(?:v3)?|musl'), 'musl'],
  [
    word(
      'debian|ubuntu|trixie|bookworm|bullseye|buster|stretch|jammy|focal|noble|bionic|slim|ubi|ubi-minimal|centos|rockylinux|almalinux|fedora|amazonlinux|al2|al2023|wolfi',
    ),
    'glibc',
  ],
  [/distroless\/(?:base|cc|java|python|nodejs)|^cgr\.dev\/chainguard\//i, 'glibc'],
  // Official images of runtimes stand on a distribution with glibc where their tag says nothing else.
  [
    /(?:^|\/)(?:python|node|ruby|php|openjdk|eclipse-temurin|amazoncorretto|ibm-semeru-runtimes|tomcat|jetty|maven|gradle|golang|rust|perl|gcc)(?::|@|$)|mcr\.microsoft\.com\/dotnet\/(?:aspnet|runtime|sdk)(?::|@|$)/i,
    'glibc',
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
  return DISTRIBUTIONS.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}

export const languageOfImage = (image: string): Language | null =>
  LANGUAGES.find(([, pattern]) => pattern.test(withoutDigest(image)))?.[0] ?? null;
