import { fromTokenFile } from '@aws-sdk/credential-providers'

// A workload that uses AWS: where token and role are, the SDK reads from its variables.

const { accessKeyId, secretAccessKey, sessionToken, expiration } = await fromTokenFile()()
process.stdout.write(JSON.stringify({ accessKeyId, secretAccessKey, sessionToken, expiration }))
