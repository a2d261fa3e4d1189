#!/usr/bin/env node
// Credo as a verifier, served on loopback: what the conformance suite is run against.
//
//   node verifier.mjs --store FOLDER --trust ca.pem [--port 0] [--log debug]     prints {"ready": true, "port": ..., "ca": PEM}
//   POST /admin/requests     {"dcql": query, "responseMode"?, "signer"?: x509_hash|x509_san_dns|none}   answers {"authorization_request", "session"}
//   GET  /admin/requests/ID                                     answers {"state", "error"?}
//
// What wallets see is under /oid4vp, which is Credo's own.
import { parseArgs } from 'node:util'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import express from 'express' // comes with @credo-ts/openid4vc
import { X509KeyUsage } from '@credo-ts/core'
import { OpenId4VcModule } from '@credo-ts/openid4vc'
import { certificates, explain, namedKey, openAgent } from './agent.mjs'

const { values: flags } = parseArgs({
  options: { store: { type: 'string' }, trust: { type: 'string' }, port: { type: 'string', default: '0' }, log: { type: 'string', default: 'off' } },
})
if (!flags.store || !flags.trust) throw new Error('--store FOLDER and --trust FILE are needed')

const app = express()
const server = createServer(app)
await new Promise((listening) => server.listen(Number(flags.port), '127.0.0.1', listening))
const { port } = server.address()
const base = `http://localhost:${port}`
const { agent } = await openAgent(flags.store, flags.log, undefined, new OpenId4VcModule({ app, verifier: { baseUrl: `${base}/oid4vp` } }))

const day = 86400000
const validity = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + 30 * day) }
const authorityKey = await namedKey(agent, 'authority')
const ca = await agent.x509.createCertificate({
  authorityKey, issuer: { countryName: 'DE', commonName: 'Verifier Root' }, validity,
  extensions: {
    subjectKeyIdentifier: { include: true },
    keyUsage: { usages: [X509KeyUsage.KeyCertSign], markAsCritical: true },
    basicConstraints: { ca: true, markAsCritical: true },
  },
})
const subjectPublicKey = await namedKey(agent, 'verifier')
const leaf = await agent.x509.createCertificate({
  authorityKey, subjectPublicKey, issuer: ca.issuer, subject: { countryName: 'DE', commonName: 'Verifier' }, validity,
  extensions: {
    subjectKeyIdentifier: { include: true }, authorityKeyIdentifier: { include: true },
    keyUsage: { usages: [X509KeyUsage.DigitalSignature], markAsCritical: true },
    subjectAlternativeName: { name: [{ type: 'dns', value: 'localhost' }] },
  },
})
leaf.keyId = subjectPublicKey.keyId
agent.x509.config.setTrustedCertificates(certificates(readFileSync(flags.trust, 'utf8')))
await agent.openid4vc.verifier.createVerifier({ verifierId: 'main', clientMetadata: { client_name: 'Credo' } })

const admin = express.Router()
admin.use(express.json())
const answering = (make) => (request, response) => make(request).then((found) => response.json(found), (error) => response.status(500).json(explain(error)))
admin.post('/requests', answering(async ({ body }) => {
  const requestSigner = body.signer === 'none' ? { method: 'none' } : { method: 'x5c', x5c: [leaf], clientIdPrefix: body.signer ?? 'x509_hash' }
  const { authorizationRequest, verificationSession } = await agent.openid4vc.verifier.createAuthorizationRequest({
    verifierId: 'main', requestSigner, responseMode: body.responseMode ?? 'direct_post', dcql: { query: body.dcql },
    authorizationResponseRedirectUri: body.redirectUri,
  })
  return { authorization_request: authorizationRequest, session: verificationSession.id }
}))
admin.get('/requests/:id', answering(async ({ params }) => {
  const { state, errorMessage } = await agent.openid4vc.verifier.getVerificationSessionById(params.id)
  return { state, error: errorMessage }
}))
app.use('/admin', admin)
console.log(JSON.stringify({ ready: true, port, ca: ca.toString('pem') }))
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0))
