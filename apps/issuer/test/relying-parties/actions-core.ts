import { getIDToken } from '@actions/core'

// A sandbox that uses GitHub's toolkit unchanged: it knows its environment only. The toolkit prints a workflow command
// that masks the token; the claims go to standard error, so that they stay apart from it.

const token = await getIDToken(process.argv[2])
process.stderr.write(`${token}\n`)
