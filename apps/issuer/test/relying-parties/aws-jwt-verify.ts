import { text } from 'node:stream/consumers'
import { JwtVerifier } from 'aws-jwt-verify'

// The verifier of AWS, which fetches keys over https only.

const [issuer = '', audience = ''] = process.argv.slice(2)
const verifier = JwtVerifier.create({ issuer, audience })
process.stdout.write(JSON.stringify(await verifier.verify(await text(process.stdin))))
