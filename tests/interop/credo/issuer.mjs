#!/usr/bin/env node
// Credo as an issuer, served on loopback: what the conformance suite is run against.
//
//   node issuer.mjs --store FOLDER [--port 0] [--log debug]     prints {"ready": true, "url": ..., "ca": PEM}
//   POST /admin/offers     {"id"?: configuration, "flow"?: code, "txCode"?: true}
//                                                               answers {"credential_offer", "session", "tx_code"?}
//   POST /admin/decide     {"session"}                          what waits (pid_later) may be had from now on
//
// What wallets see is under /oid4vci, which is Credo's own, and /login, a login server behind it that lets everyone in:
// Credo's own authorization server has no page on which a person signs in.
import { parseArgs } from 'node:util'
import { createServer } from 'node:http'
import { randomUUID } from 'node:crypto'
import express from 'express' // comes with @credo-ts/openid4vc
import { ClaimFormat, X509ExtendedKeyUsage, X509KeyUsage } from '@credo-ts/core'
import { OpenId4VcModule } from '@credo-ts/openid4vc'
import { explain, namedKey, openAgent } from './agent.mjs'

const { values: flags } = parseArgs({
  options: { store: { type: 'string' }, port: { type: 'string', default: '0' }, log: { type: 'string', default: 'off' } },
})
if (!flags.store) throw new Error('--store FOLDER is needed')

const app = express()
const server = createServer(app)
await new Promise((listening) => server.listen(Number(flags.port), '127.0.0.1', listening))
const { port } = server.address()
const base = `http://localhost:${port}`
const day = 86400000
const person = { given_name: 'Erika', family_name: 'Mustermann', birthdate: '1964-08-12' }
const pid = {
  format: 'dc+sd-jwt', scope: 'pid', vct: 'urn:eudi:pid:1', cryptographic_binding_methods_supported: ['jwk'],
  proof_types_supported: { jwt: { proof_signing_alg_values_supported: ['ES256'] } },
  credential_signing_alg_values_supported: ['ES256'],
  credential_metadata: { display: [{ name: 'Person', locale: 'en' }] },
}

const later = { ...pid, scope: 'pid_later' }
const licence = {
  format: 'mso_mdoc', scope: 'licence', doctype: 'org.example.licence', cryptographic_binding_methods_supported: ['jwk'],
  proof_types_supported: pid.proof_types_supported, credential_signing_alg_values_supported: [-7],
  credential_metadata: { display: [{ name: 'Licence', locale: 'en' }] },
}

/** What waits, by transaction_id, and the offers that were decided. */
const waiting = new Map()
const decided = new Set()
const INTERVAL = 1

const licences = ({ holderBinding }, now = Math.floor(Date.now() / 1000) * 1000) => ({
  type: 'credentials', format: ClaimFormat.MsoMdoc,
  credentials: holderBinding.keys.map(({ jwk }) => ({
    docType: licence.doctype, holderKey: jwk, issuerCertificate: leaf,
    namespaces: { 'org.example.licence.1': { family_name: 'Mustermann', given_name: 'Erika', document_number: 'T22000129' } },
    validityInfo: { signed: new Date(now), validFrom: new Date(now), validUntil: new Date(now + 20 * day) },
  })),
})

/** What to sign for one verified credential request: a credential for each key. */
const persons = ({ holderBinding }) => ({
  type: 'credentials', format: ClaimFormat.SdJwtDc,
  credentials: holderBinding.keys.map((holder) => ({
    payload: { vct: pid.vct, ...person, exp: Math.floor(Date.now() / day + 20) * 86400 },
    holder, issuer: { method: 'x5c', x5c: [leaf], issuer: base }, disclosureFrame: { _sd: Object.keys(person) },
  })),
})
function credentialsFor(asked) {
  if (asked.credentialConfigurationId === 'licence') return licences(asked)
  if (asked.credentialConfigurationId !== 'pid_later') return persons(asked)
  const transactionId = randomUUID()
  waiting.set(transactionId, asked)
  return { type: 'deferral', transactionId, interval: INTERVAL }
}
function deferredCredentialsFor({ deferredCredentialRequest: { transaction_id: transactionId } }) {
  const asked = waiting.get(transactionId)
  return decided.has(asked.issuanceSession.id) ? persons(asked) : { type: 'deferral', transactionId, interval: INTERVAL }
}
const { agent } = await openAgent(flags.store, flags.log, undefined, new OpenId4VcModule({
  app,
  issuer: {
    baseUrl: `${base}/oid4vci`,
    credentialRequestToCredentialMapper: credentialsFor,
    deferredCredentialRequestToCredentialMapper: deferredCredentialsFor,
  },
}))

const validity = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + 30 * day) }
const authorityKey = await namedKey(agent, 'authority')
const ca = await agent.x509.createCertificate({
  authorityKey, issuer: { countryName: 'DE', commonName: 'Issuer Root' }, validity,
  extensions: {
    subjectKeyIdentifier: { include: true },
    keyUsage: { usages: [X509KeyUsage.KeyCertSign], markAsCritical: true },
    basicConstraints: { ca: true, markAsCritical: true },
  },
})
const subjectPublicKey = await namedKey(agent, 'issuer')
const leaf = await agent.x509.createCertificate({
  authorityKey, subjectPublicKey, issuer: ca.issuer, subject: { countryName: 'DE', commonName: 'Issuer' }, validity,
  extensions: {
    subjectKeyIdentifier: { include: true }, authorityKeyIdentifier: { include: true },
    keyUsage: { usages: [X509KeyUsage.DigitalSignature], markAsCritical: true },
    extendedKeyUsage: { usages: [X509ExtendedKeyUsage.MdlDs], markAsCritical: true },
    subjectAlternativeName: { name: [{ type: 'dns', value: 'localhost' }, { type: 'url', value: base }] },
  },
})
leaf.keyId = subjectPublicKey.keyId
await agent.openid4vc.issuer.createIssuer({
  issuerId: 'main', display: [{ name: 'Credo', locale: 'en' }], credentialConfigurationsSupported: { pid, pid_later: later, licence },
  dpopSigningAlgValuesSupported: ['ES256'], batchCredentialIssuance: { batchSize: 10 }, metadataSigner: { method: 'x5c', x5c: [leaf] },
  authorizationServerConfigs: [{
    type: 'chained', issuer: `${base}/login`, scopesMapping: { pid: ['pid'], pid_later: ['pid_later'], licence: ['licence'] },
    clientAuthentication: { type: 'clientSecret', clientId: 'credo', clientSecret: 'credo' },
  }],
})

const login = {
  issuer: `${base}/login`, authorization_endpoint: `${base}/login/authorize`, token_endpoint: `${base}/login/token`,
  token_endpoint_auth_methods_supported: ['client_secret_basic'],
}
app.get(['/.well-known/oauth-authorization-server/login', '/login/.well-known/openid-configuration'], (_, response) => response.json(login))
app.get('/login/authorize', ({ query }, response) => {
  const target = new URL(query.redirect_uri)
  target.searchParams.set('code', randomUUID())
  if (query.state) target.searchParams.set('state', query.state)
  response.redirect(target.toString())
})
app.post('/login/token', (_, response) => response.json({ access_token: randomUUID(), token_type: 'Bearer', expires_in: 300 }))

const admin = express.Router()
admin.use(express.json())
admin.post('/offers', ({ body }, response) => {
  const grant = body.flow === 'code'
    ? { authorizationCodeFlowConfig: { authorizationServerUrl: `${base}/login` } }
    : { preAuthorizedCodeFlowConfig: { txCode: body.txCode ? { input_mode: 'numeric', length: 4 } : undefined } }
  agent.openid4vc.issuer.createCredentialOffer({
    issuerId: 'main', credentialConfigurationIds: [body.id ?? 'pid'], generateRefreshTokens: true, ...grant,
  }).then(
    ({ credentialOffer, issuanceSession }) =>
      response.json({ credential_offer: credentialOffer, session: issuanceSession.id, tx_code: issuanceSession.userPin }),
    (error) => response.status(500).json(explain(error)))
})
admin.post('/decide', ({ body }, response) => {
  decided.add(body.session)
  response.json({})
})
app.use('/admin', admin)
console.log(JSON.stringify({ ready: true, url: base, ca: ca.toString('pem') }))
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0))
