/**
 * Something the user can put right: a file that is not there, an input that is no capture. Its
 * message is one line that names the file, the place and what to do; it is shown without a stack.
 */
export class UserError extends Error {
  override readonly name: string = 'UserError';
}

/** An input that holds nothing to read: beside others it is passed over, as where a folder's files are all named. */
export class NothingToRead extends UserError {
  override readonly name = 'NothingToRead';
}
