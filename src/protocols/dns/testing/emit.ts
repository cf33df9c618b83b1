/** Writes DNS messages, for tests: the inverse of the parser as far as the parser reads. */
export interface WireMessage {
  id: number;
  response: boolean;
  rcode: number;
  truncated: boolean;
  name: string;
  type: number;
  answers: { type: number; ttl: number; data: number[] }[];
  ednsSize: number;
  cookie: boolean;
}

const NAME_OF_QUESTION = [0xc0, 12];

export function emitName(name: string): number[] {
  if (name === '.') return [0];
  return [...name.split('.').flatMap((label) => [label.length, ...Buffer.from(label, 'latin1')]), 0];
}

const u16 = (value: number): number[] => [(value >> 8) & 255, value & 255];
const u32 = (value: number): number[] => [...u16(value >>> 16), ...u16(value & 0xffff)];

export function emitMessage(message: WireMessage): Uint8Array {
  const flags = (message.response ? 0x8000 : 0) | (message.truncated ? 0x200 : 0) | 0x100 | (message.rcode & 15);
  const option = message.cookie ? [...u16(10), ...u16(8), 1, 2, 3, 4, 5, 6, 7, 8] : [];
  const opt =
    message.ednsSize < 0
      ? []
      : [0, ...u16(41), ...u16(message.ednsSize), message.rcode >> 4, 0, 0, 0, ...u16(option.length), ...option];
  return Uint8Array.from([
    ...u16(message.id),
    ...u16(flags),
    ...u16(1),
    ...u16(message.answers.length),
    ...u16(0),
    ...u16(message.ednsSize < 0 ? 0 : 1),
    ...emitName(message.name),
    ...u16(message.type),
    ...u16(1),
    ...message.answers.flatMap(({ type, ttl, data }) => [
      ...NAME_OF_QUESTION,
      ...u16(type),
      ...u16(1),
      ...u32(ttl),
      ...u16(data.length),
      ...data,
    ]),
    ...opt,
  ]);
}
