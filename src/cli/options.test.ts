import { describe, expect, it } from 'vitest';
import { milliseconds, seconds } from '../base/time.ts';
import { parseClients, parseDuration, parseName, parsePorts, parseTop } from './options.ts';

describe('option values', () => {
  it('durations have a unit', () => {
    expect(parseDuration('500ms')).toBe(milliseconds(500));
    expect(parseDuration('1.5s')).toBe(seconds(1.5));
    expect(parseDuration('250us')).toBe(250_000);
    expect(parseDuration('250 µs')).toBe(250_000);
    expect(parseDuration('2m')).toBe(seconds(120));
    for (const text of ['', '5', 's', '-1s', '1h', '1e3s', 'Infinitys', '1.s'])
      expect(() => parseDuration(text), text).toThrow('is no duration');
  });

  it('ports add up', () => {
    expect(parsePorts('5353,53', [53])).toEqual([53, 5353]);
    for (const text of ['', ',', '65536', '5e3', '53 54']) expect(() => parsePorts(text), text).toThrow('--dns-port');
  });

  it('addresses become what rows hold', () => {
    expect(parseClients('FD00:0:0::7, ::ffff:10.0.3.7', ['10.0.3.7'])).toEqual(['10.0.3.7', 'fd00::7']);
    expect(parseClients('tcpdump-1565115240-2sgg9')).toEqual(['tcpdump-1565115240-2sgg9']);
    for (const text of ['10.0.3', '10.0.3.7/32', '10.0.3.7:53', 'fd00::/8', ''])
      expect(() => parseClients(text), text).toThrow('--client');
  });

  it('names and numbers', () => {
    expect(parseName('a,b', ['c'])).toEqual(['c', 'a', 'b']);
    expect(parseTop('3')).toBe(3);
    for (const text of ['0', '-1', '1.5', 'x', '']) expect(() => parseTop(text), text).toThrow('--top');
  });
});
