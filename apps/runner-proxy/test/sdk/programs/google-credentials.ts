import { GoogleAuth } from 'google-auth-library'

// A workload that uses Google Cloud: GOOGLE_APPLICATION_CREDENTIALS names its credential configuration.

const client = await new GoogleAuth({ scopes: 'https://www.googleapis.com/auth/cloud-platform' }).getClient()
const { token } = await client.getAccessToken()
process.stdout.write(JSON.stringify({ token, kind: client.constructor.name }))
