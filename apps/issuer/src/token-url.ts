import { parseListenAddress, SettingValueError, httpUrl } from '@workload-identity/settings'

const shape =
  'must be the whole URL of the token endpoint, such as https://tokens.example/v1/token, or unix:<path>'

/**
 * The text as the URL of a token endpoint as sandboxes see it: http or https with a path, or `unix:<path>`.
 *
 * @throws {SettingValueError} for anything else; a URL without a path is refused, since a sandbox would call it as it is.
 */
export function parseTokenUrl(text: string): string {
  if (text.startsWith('unix:')) {
    parseListenAddress(text)
    return text
  }
  const parsed = httpUrl().safeParse(text)
  if (!parsed.success) {
    throw new SettingValueError(
      `${parsed.error.issues.map((issue) => issue.message).join('; ')}; it ${shape}`,
    )
  }
  if (new URL(text).pathname === '/') throw new SettingValueError(shape)
  return text
}
