/** An address that cannot be listened on; the sentence is for the operator. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
}
