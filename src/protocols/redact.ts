/**
 * What of a request's target may become a row. A path is kept to tell one call from another, and
 * paths carry secrets: reset links, webhook tokens, session ids, names of people. So the query and
 * the fragment go, and each segment stays only where it is made of words; anything that could be
 * an identifier or a token stands as `{id}`. Rather one word too many hidden than one token shown.
 */

/** Longer paths end with {@link CUT}. */
export const MAX_PATH = 256;
/** Stands for what follows of a path. */
export const CUT = '/…';
const MAX_SEGMENTS = 24;
/** Bytes of a target that are looked at: beyond, only segments follow that would be cut. */
export const MAX_TARGET = 1024;
/** RFC 1035: 253 characters, and a port. */
const MAX_HOST = 260;

const ID = '{id}';
const ROLE = '{role}';

// Names of gRPC services with their packages have some 50; `apiextensions`, `customresourcedefinitions` are words.
const MAX_SEGMENT = 64;
const MAX_WORD = 28;
// `strengths` has five consonants at its end, `rhythms` no vowel but y; random letters soon have more.
const CONSONANTS = /[bcdfghjklmnpqrstvwxz]{6}/i;
const MIN_VOWELS_FROM = 5;
// `GetByIDs` is of `Get`, `By` and `IDs`; short ones hardly show anything, whatever they are.
const PARTS = /[A-Z]+s?(?![a-z])|[A-Z]?[a-z]+/g;
const MIN_MIXED = 6;
// `ListByIDs` has a part in every three letters; random ones in every second.
const MIN_PART = 2.3;
// `OAuthToken` and `GetHttpUrl` have one part of a single letter or without a vowel; random letters soon have more.
const MAX_ODD_PARTS = 1;

/** What follows one of these is the thing itself, however harmless it looks. */
const BEFORE_SECRET = new Set([
  'token',
  'tokens',
  'secret',
  'secrets',
  'password',
  'passwords',
  'passwd',
  'key',
  'keys',
  'apikey',
  'apikeys',
  'api-key',
  'api-keys',
  'reset',
  'reset-password',
  'password-reset',
  'verify',
  'confirm',
  'activate',
  'invite',
  'invites',
  'invitation',
  'session',
  'sessions',
  'magic',
  'magic-link',
  'unsubscribe',
  'webhook',
  'webhooks',
  'bearer',
]);

/** The path of a request target (RFC 9112 section 3.2): without scheme, authority, query, fragment and identifiers. */
export function redactPath(target: string): string {
  const end = target.search(/[?#]/);
  let path = end < 0 ? target : target.slice(0, end);
  const scheme = /^[a-z][a-z0-9+.-]*:\/\/[^/]*/i.exec(path);
  if (scheme !== null) path = path.slice(scheme[0].length) || '/';
  if (path === '*' || path === '/' || path === '') return path;
  const segments = path.split('/', MAX_SEGMENTS + 2);
  let redacted = '';
  for (let index = 0; index < segments.length; index++) {
    const segment = segments[index] as string;
    const shown = index === 0 && segment === '' ? '' : redactSegment(segment, segments, index);
    if (index > MAX_SEGMENTS || redacted.length + shown.length + 1 + CUT.length > MAX_PATH) return redacted + CUT;
    redacted += index === 0 ? shown : `/${shown}`;
  }
  return redacted;
}

function redactSegment(segment: string, segments: readonly string[], index: number): string {
  const parameters = segment.indexOf(';');
  const name = parameters < 0 ? segment : segment.slice(0, parameters);
  if (name === '') return '';
  const before = (segments[index - 1] ?? '').toLowerCase();
  // The metadata services' ways to a role: EC2 and Alibaba, EKS; Google's service accounts.
  if (before === 'security-credentials') return ROLE;
  if (before === 'service-accounts' && name !== 'default') return ROLE;
  // A version of the metadata service is a date.
  if (index === 1 && /^\d{4}-\d\d-\d\d$/.test(name) && isMetadata(segments[2])) return name;
  if (BEFORE_SECRET.has(before)) return ID;
  return isOfWords(name) ? name : ID;
}

const isMetadata = (segment: string | undefined): boolean => segment === 'meta-data' || segment === 'dynamic';

function isOfWords(segment: string): boolean {
  if (segment.length > MAX_SEGMENT) return false;
  return segment.split(/[-_.~:$!'()*,]/).every(isWord);
}

/** A word, an abbreviation, a version: `users`, `GetItem`, `v1beta1`, `s3`, `oauth2`. */
function isWord(text: string): boolean {
  if (text === '') return true;
  if (text.length > MAX_WORD || !/^[a-z]/i.test(text)) return false;
  if (/^v\d{1,2}(?:(?:alpha|beta|rc|p)\d{1,2})?$/i.test(text)) return true;
  if (/^[a-z]\d{1,2}[a-z]$/.test(text)) return true;
  if (/^[\da-f]{7,}$/i.test(text)) return false;
  const letters = /^([a-z]+)\d{0,2}$/i.exec(text)?.[1];
  if (letters === undefined) return false;
  if (letters.length >= MIN_VOWELS_FROM && !/[aeiouy]/i.test(letters) && !/^[A-Z]+$/.test(letters)) return false;
  if (CONSONANTS.test(letters)) return false;
  // `HTTPServer` and `PostgreSQL` are words; shouting is an abbreviation as long as it is short.
  if (/^[A-Z]+$/.test(letters)) return letters.length <= 12;
  return letters.length < MIN_MIXED || !/[A-Z]/.test(letters.slice(1)) || isOfParts(letters);
}

/** Letters of both cases: whether they are words that were put together. */
function isOfParts(letters: string): boolean {
  const parts = letters.match(PARTS) ?? [];
  const odd = parts.filter((part) => part.length === 1 || (/[a-z]/.test(part) && !/[aeiouy]/i.test(part)));
  return letters.length / parts.length >= MIN_PART && odd.length <= MAX_ODD_PARTS;
}

/** A host as a request names it: `name[:port]`, lower case, without user and password; '' where it is none. */
export function redactHost(text: string): string {
  const name = text.slice(text.lastIndexOf('@') + 1).trim();
  if (name.length > MAX_HOST || !/^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i.test(name)) return '';
  return name.toLowerCase();
}

/** The registered ones (IANA), and what caches, UPnP and key stores use besides. */
const METHODS: ReadonlySet<string> = new Set(
  (
    'ACL BASELINE-CONTROL BAN BIND CHECKIN CHECKOUT CONNECT COPY DELETE GET HEAD LABEL LINK LIST LOCK M-SEARCH MERGE ' +
    'MKACTIVITY MKCALENDAR MKCOL MKREDIRECTREF MKWORKSPACE MOVE NOTIFY OPTIONS ORDERPATCH PATCH POST PRI PROPFIND ' +
    'PROPPATCH PURGE PUT QUERY REBIND REFRESH REPORT SEARCH SUBSCRIBE TRACE UNBIND UNCHECKOUT UNLINK UNLOCK ' +
    'UNSUBSCRIBE UPDATE UPDATEREDIRECTREF VERSION-CONTROL'
  ).split(' '),
);
/** What stands for a method that is none of the known ones: it may be anything, a secret as well. */
export const UNKNOWN_METHOD = 'UNKNOWN';

/** A request's method, where it is one: any other word may be anything. */
export const redactMethod = (text: string): string => (METHODS.has(text) ? text : UNKNOWN_METHOD);
