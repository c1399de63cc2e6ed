/** Seals documents at rest, so that whoever can read or write the store can neither read nor make one. */
export interface KeyEncryption {
  /** The document, sealed with the first key. */
  seal(document: string): Promise<string>

  /**
   * The document of a sealed one, whichever of the known keys sealed it.
   *
   * @throws {IssuerError} `ERR_STORE_CORRUPT` when no key opens it or it was altered.
   */
  open(sealed: string): Promise<string>
}
