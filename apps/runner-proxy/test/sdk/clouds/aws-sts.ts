import { judgeToken, type CloudTrust } from './judge-token.ts'
import type { CloudAnswer, CloudRequest } from './start-cloud.ts'

const namespace = 'https://sts.amazonaws.com/doc/2011-06-15/'

/**
 * AWS STS, as far as `AssumeRoleWithWebIdentity` goes: a role whose trust policy names the issuer, and `aud` and `sub` as conditions.
 *
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
 */
export function createAwsSts(roleArn: string, trust: CloudTrust) {
  return async ({ form }: CloudRequest): Promise<CloudAnswer> => {
    if (form.get('Action') !== 'AssumeRoleWithWebIdentity' || form.get('Version') !== '2011-06-15') {
      return refuse(400, 'InvalidAction', 'Could not find the operation')
    }
    const judged = await judgeToken(form.get('WebIdentityToken') ?? '', trust)
    if (judged.trusted && form.get('RoleArn') === roleArn) {
      return assumed(roleArn, form.get('RoleSessionName') ?? '', judged.claims)
    }
    switch (judged.trusted ? 'subject' : judged.wrong) {
      case 'expired':
        return refuse(400, 'ExpiredTokenException', 'Token is expired')
      case 'audience':
        return refuse(400, 'InvalidIdentityToken', 'Incorrect token audience')
      case 'subject':
        return refuse(403, 'AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity')
      default:
        return refuse(400, 'InvalidIdentityToken', 'No OpenIDConnect provider found for this token')
    }
  }
}

function assumed(
  roleArn: string,
  sessionName: string,
  { aud, iss, sub }: { readonly aud?: string | string[]; readonly iss?: string; readonly sub?: string },
): CloudAnswer {
  const expiration = new Date(Date.now() + 3_600_000).toISOString()
  const assumedRole = `${roleArn.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/${sessionName}`
  const body = `<AssumeRoleWithWebIdentityResponse xmlns="${namespace}">
  <AssumeRoleWithWebIdentityResult>
    <SubjectFromWebIdentityToken>${sub}</SubjectFromWebIdentityToken>
    <Audience>${String(aud)}</Audience>
    <Provider>${iss}</Provider>
    <AssumedRoleUser>
      <Arn>${assumedRole}</Arn>
      <AssumedRoleId>AROAEXAMPLEROLEID:${sessionName}</AssumedRoleId>
    </AssumedRoleUser>
    <Credentials>
      <AccessKeyId>ASIAEXAMPLEACCESSKEY</AccessKeyId>
      <SecretAccessKey>secret-of-${sub}</SecretAccessKey>
      <SessionToken>session-of-${sub}</SessionToken>
      <Expiration>${expiration}</Expiration>
    </Credentials>
  </AssumeRoleWithWebIdentityResult>
  <ResponseMetadata><RequestId>00000000-0000-0000-0000-000000000000</RequestId></ResponseMetadata>
</AssumeRoleWithWebIdentityResponse>`
  return { status: 200, contentType: 'text/xml', body }
}

function refuse(status: number, code: string, message: string): CloudAnswer {
  const body = `<ErrorResponse xmlns="${namespace}">
  <Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error>
  <RequestId>00000000-0000-0000-0000-000000000000</RequestId>
</ErrorResponse>`
  return { status, contentType: 'text/xml', body }
}
