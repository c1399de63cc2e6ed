import { WorkloadIdentityCredential } from '@azure/identity'

// A workload that uses Azure: tenant, client and token file are in its variables. Instance discovery asks Microsoft's public
// cloud whether the authority is one of its own, which a stand-in is not.

const credential = new WorkloadIdentityCredential({ disableInstanceDiscovery: true })
const { token, expiresOnTimestamp } = await credential.getToken('https://vault.azure.net/.default')
process.stdout.write(JSON.stringify({ token, expiresOnTimestamp }))
