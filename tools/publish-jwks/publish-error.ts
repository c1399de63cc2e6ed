/** Nothing was published; the message says why. */
export class PublishError extends Error {
  override readonly name = 'PublishError'
}
