import type { Container, Located } from '../../../model/workload.ts';

/** A system property of a JVM: `-Dname=value` on its command line, or in a variable that it or a script reads. */
export interface JavaProperty {
  name: string;
  value: string;
  said: Located<string>;
  /** The variable that holds it among others, null where it is a word of the command. */
  variable: string | null;
}

const VARIABLES = /^(?:_?JAVA_(?:TOOL_)?OPT(?:ION)?S|JDK_JAVA_OPTIONS|JVM_OPTS|CATALINA_OPTS|JAVA_ARGS)$/;
const PROPERTY = /(?:^|[\s"'])-D([\w.]{1,200})=([^\s"']{0,200})/g;

const propertiesIn = (said: Located<string>, variable: string | null): JavaProperty[] =>
  [...said.value.matchAll(PROPERTY)].map((match) => ({
    name: match[1] as string,
    value: match[2] as string,
    said,
    variable,
  }));

export function javaProperties({ environment, words }: Container): JavaProperty[] {
  const all = [
    ...environment.flatMap(({ name, value }) => (VARIABLES.test(name) ? propertiesIn(value, name) : [])),
    ...words.flatMap((word) => propertiesIn(word, null)),
  ];
  // A script's words stand in the script as well.
  return all.filter(({ name }, index) => all.findIndex((one) => one.name === name) === index);
}
