// The wallet provider: a CA of its own whose leaf signs wallet attestations and key attestations.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { JwsService, JwtPayload, X509Certificate, X509KeyUsage } from '@credo-ts/core'
import { namedKey } from './agent.mjs'

const day = 86_400_000
const seconds = () => Math.floor(Date.now() / 1000)

/** The certificate kept at `path`, made once, and tied to the key it certifies. */
async function kept(path, key, make) {
  if (!existsSync(path)) writeFileSync(path, `${(await make()).toString('pem')}\n`)
  const certificate = X509Certificate.fromEncodedCertificate(readFileSync(path, 'utf8').trim())
  certificate.keyId = key.keyId
  return certificate
}

export async function openProvider(agent, store) {
  const authorityKey = await namedKey(agent, 'provider-ca')
  const key = await namedKey(agent, 'provider')
  const validity = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + 365 * day) }
  const ca = await kept(join(store, 'provider-ca.pem'), authorityKey, () =>
    agent.x509.createCertificate({
      authorityKey,
      issuer: { countryName: 'DE', commonName: 'Test wallet provider CA' },
      validity,
      extensions: {
        basicConstraints: { ca: true, pathLenConstraint: 0, markAsCritical: true },
        keyUsage: { usages: [X509KeyUsage.KeyCertSign, X509KeyUsage.CrlSign], markAsCritical: true },
        subjectKeyIdentifier: { include: true },
      },
    }))
  const leaf = await kept(join(store, 'provider.pem'), key, () =>
    agent.x509.createCertificate({
      authorityKey,
      subjectPublicKey: key,
      issuer: ca.issuer,
      subject: { countryName: 'DE', commonName: 'Test wallet provider' },
      validity,
      extensions: {
        keyUsage: { usages: [X509KeyUsage.DigitalSignature], markAsCritical: true },
        authorityKeyIdentifier: { include: true },
      },
    }))
  const sign = (typ, claims) =>
    agent.dependencyManager.resolve(JwsService).createJwsCompact(agent.context, {
      keyId: key.keyId,
      protectedHeaderOptions: { alg: 'ES256', typ, x5c: [leaf.toString('base64')] },
      payload: JwtPayload.fromJson({ iat: seconds(), exp: seconds() + 300, ...claims }),
    })
  return {
    ca: ca.toString('pem'),
    leaf,
    attestWallet: async (clientId) =>
      sign('oauth-client-attestation+jwt', {
        iss: 'https://wallet-provider.example',
        sub: clientId,
        cnf: { jwk: (await namedKey(agent, 'wallet-instance')).toJson() },
      }),
    attestKeys: (keys, nonce, required) =>
      sign('key-attestation+jwt', {
        attested_keys: keys.map((one) => one.toJson()),
        nonce,
        key_storage: required?.keyStorage ?? ['iso_18045_high'],
        user_authentication: required?.userAuthentication ?? ['iso_18045_high'],
      }),
  }
}
