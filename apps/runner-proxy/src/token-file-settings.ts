import { booleanSetting, filePath, setting, SettingValueError, textSchema } from '@workload-identity/settings'

const group = 'Token files'
/** A name or number, as `findOwnerId` of the runner library takes it. */
const owner = () =>
  textSchema((text) => {
    if (/^[^:\s-][^:\s]*$/.test(text)) return text
    throw new SettingValueError('must be a name or a number')
  })

/** The part of the table of settings that is about token files. */
export const tokenFileSettings = {
  tokenDir: setting({
    flag: 'token-dir',
    description:
      'Folder in which token files are kept, `<folder>/<base64url SHA-256 of the sandbox ID>/<name>`; made with mode 0711 when it is missing. No token files when not set.',
    schema: filePath(),
    valueName: '<folder>',
    group,
  }),
  tokenFileUser: setting({
    flag: 'token-file-user',
    description:
      'Name or number of the user that token files belong to; whoever runs the proxy when not set. Giving files away needs CAP_CHOWN.',
    schema: owner(),
    valueName: '<user>',
    group,
  }),
  tokenFileGroup: setting({
    flag: 'token-file-group',
    description:
      'Name or number of the group that may read token files (0640); that of whoever runs the proxy when not set.',
    schema: owner(),
    valueName: '<group>',
    group,
  }),
  writeTokensInPlace: booleanSetting({
    flag: 'write-tokens-in-place',
    description:
      'Change token files in place, for mounts of single files. A reader may then see parts of two tokens.',
    group,
  }),
  onRefresh: setting({
    flag: 'on-refresh',
    description:
      'Program that is run, without a shell, with the path of each token file that was written and the ID of its sandbox.',
    schema: filePath(),
    valueName: '<program>',
    group,
  }),
}
