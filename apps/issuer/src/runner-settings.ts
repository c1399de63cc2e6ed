import { filePath, setting, textSchema } from '@workload-identity/settings'
import { parseSystemWorkload } from './system-workload.ts'

/** The part of the table of settings that is about runners. */
export const runnerSettings = {
  clientCa: setting({
    flag: 'client-ca',
    description:
      'Certificates (PEM) of the authorities of client certificates on the control listener, re-read on change. A runner may then show a certificate for client authentication instead of its secret: exactly one of its alternative names is the DNS name that is the runner ID, or the URI `wid:runner:<percent-encoded ID>`. A certificate that is not valid is refused.',
    schema: filePath(),
    valueName: '<file>',
    group: 'Runners',
  }),
  systemWorkloads: setting({
    flag: 'system-workload',
    description:
      'Part of the platform that runners get tokens for: `<name>=<audience>`, then `;audience=<audience>` for each further audience and `;runner=<runner ID>` for each runner that may ask; every runner may when none is named. Its tokens have the first audience unless another one of them is asked for.',
    schema: textSchema(parseSystemWorkload),
    valueName: '<workload>',
    repeatable: true,
    group: 'Runners',
  }),
}
