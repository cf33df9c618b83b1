/**
 * A question to a block list (RFC 5782): an address written backwards before the list's zone, to which nobody connects.
 * That most of them do not exist is what mail servers hope for.
 */
export const isBlockListQuery = (name: string): boolean => IPV4.test(name) || IPV6.test(name);

const IPV4 = /^(?:\d{1,3}\.){4}[a-z]/;
const IPV6 = /^(?:[\da-f]\.){32}[a-z]/;
