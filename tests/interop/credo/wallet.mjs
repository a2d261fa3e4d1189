#!/usr/bin/env node
// A wallet without a screen, served on loopback so that a test pays its start once.
//
//   node wallet.mjs --store FOLDER [--contexts FOLDER] [--port 0] [--log debug]      prints {"ready": true, "port": ...}
//   POST /accept-offer {"uri", "trust": PEM, "tx_code"?, "binding"?: jwk|did:key|did:jwk|attestation, "attested"?: client id,
//                       "batch"?: so many keys, "carried"?: true: the key attestation in the header of a jwt proof}
//   POST /authorize    {"uri", "client_id", "redirect_uri", "attested"?: true}    answers {"url"} for a browser
//   POST /accept-offer {"landed": where the browser came out, "trust": PEM, "binding"?, "refresh"?: true}
//   POST /collect      {"trust": PEM, "refresh"?: true}        comes back for what the last offer deferred
//   POST /present      {"uri", "trust": PEM}                   answers {"status", "body"} of the verifier
//   POST /present-to-page {"data", "origin", "trust": PEM}     the Digital Credentials API's call: answers {"data"} for the page
//   POST /issue       {"vct", "claims"}                      Credo as an issuer, to itself, under the provider's authority
//   POST /list | /provider
//
// Every answer is {"ok", "result" or "error", "exchanges"}: what the wallet concluded, and what it sent to get there.
import { createServer } from 'node:http'
import { parseArgs } from 'node:util'
import { DidJwk, DidKey, Kms, MdocRecord, SdJwtVcRecord, W3cCredentialRecord } from '@credo-ts/core'
import { certificates, explain, openAgent } from './agent.mjs'
import { openProvider } from './provider.mjs'

const { values: flags } = parseArgs({
  options: { store: { type: 'string' }, contexts: { type: 'string' }, port: { type: 'string', default: '0' }, log: { type: 'string', default: 'off' } },
})
if (!flags.store) throw new Error('--store FOLDER is needed')
const { agent, exchanges } = await openAgent(flags.store, flags.log, flags.contexts)
const { holder } = agent.openid4vc
const provider = () => openProvider(agent, flags.store)

// ----- issuance (OpenID4VCI)

async function didUrl(key, method) {
  const { didState } = await agent.dids.create({ method: method.slice(4), options: { keyId: key.keyId } })
  if (didState.state !== 'finished') throw new Error(`cannot make a ${method}: ${didState.reason}`)
  const { did } = didState
  return method === 'did:key' ? `${did}#${DidKey.fromDid(did).publicJwk.fingerprint}` : `${DidJwk.fromDid(did).did}#0`
}

/** Credo asks this what to bind credentials to; it makes fresh keys each time. */
const bindTo = (wish, batch = 1, carried = false) => async (ask) => {
  const required = (ask.proofTypes.jwt ?? ask.proofTypes.attestation)?.keyAttestationsRequired
  const offered = ask.supportedDidMethods ?? []
  const method = wish ?? (required ? 'attestation' : ask.supportsJwk ? 'jwk' : offered.includes('did:key') ? 'did:key' : 'did:jwk')
  const { supportedSignatureAlgorithms: algorithms } = ask.proofTypes.jwt ?? ask.proofTypes.attestation
  // For a suite of linked data Credo wants a key of that suite.
  const linked = algorithms.includes('Ed25519Signature2020')
  const algorithm = linked ? 'EdDSA' : algorithms.includes('ES256') ? 'ES256' : algorithms[0]
  const newKey = async () => Kms.PublicJwk.fromPublicJwk((await agent.kms.createKeyForSignatureAlgorithm({ algorithm })).publicJwk)
  const keys = await Promise.all(Array.from({ length: Math.min(batch, ask.issuerMaxBatchSize) }, newKey))
  if (method === 'jwk') return { method, keys }
  if (method !== 'attestation') return { method: 'did', didUrls: await Promise.all(keys.map((key) => didUrl(key, method))) }
  // With a nonce Credo sends the attestation alone, without one a jwt proof that carries it.
  const nonce = ask.proofTypes.attestation && !carried ? ask.cNonce : undefined
  return { method, keyAttestationJwt: await (await provider()).attestKeys(keys, nonce, required) }
}

/** What waits while a person signs in: one authorization at a time. */
let begun

async function authorize({ uri, client_id: clientId, redirect_uri: redirectUri, attested }) {
  const resolvedCredentialOffer = await holder.resolveCredentialOffer(uri)
  const walletAttestationJwt = attested ? await (await provider()).attestWallet(clientId) : undefined
  const request = await holder.resolveOpenId4VciAuthorizationRequest(resolvedCredentialOffer, {
    clientId, redirectUri, walletAttestationJwt,
  })
  begun = { resolvedCredentialOffer, clientId, redirectUri, walletAttestationJwt, request }
  return { url: request.authorizationRequestUrl }
}

async function tokenByCode(landed) {
  const { resolvedCredentialOffer, clientId, redirectUri, walletAttestationJwt, request } = begun
  const { authorizationCode: code } = holder.parseAuthorizationCodeFromAuthorizationResponse({
    authorizationResponseRedirectUrl: landed, resolvedCredentialOffer,
  })
  return holder.requestToken({
    resolvedCredentialOffer, clientId, redirectUri, walletAttestationJwt, code,
    codeVerifier: request.codeVerifier, dpop: request.dpop,
  })
}

async function acceptOffer({ uri, tx_code: txCode, binding, attested, landed, refresh, batch, carried }) {
  const resolvedCredentialOffer = landed ? begun.resolvedCredentialOffer : await holder.resolveCredentialOffer(uri)
  const { metadata } = resolvedCredentialOffer
  const walletAttestationJwt = attested ? await (await provider()).attestWallet(attested) : undefined
  let token = landed
    ? await tokenByCode(landed)
    : await holder.requestToken({ resolvedCredentialOffer, txCode, walletAttestationJwt, clientId: attested })
  if (refresh) token = await refreshed(token, metadata)
  // One at a time: for several at once Credo asks for one nonce.
  const response = { credentials: [], deferredCredentials: [], dpop: token.dpop }
  for (const id of Object.keys(resolvedCredentialOffer.offeredCredentialConfigurations)) {
    const part = await holder.requestCredentials({
      resolvedCredentialOffer,
      credentialConfigurationIds: [id],
      credentialBindingResolver: bindTo(binding, Number(batch ?? 1), Boolean(carried)),
      ...token,
      dpop: response.dpop,
    })
    response.credentials.push(...part.credentials)
    response.deferredCredentials.push(...(part.deferredCredentials ?? []))
    response.dpop = part.dpop ?? response.dpop
  }
  awaited = { deferred: response.deferredCredentials, metadata, token: { ...token, dpop: response.dpop } }
  const credentials = []
  for (const { record, credentialConfigurationId, notificationId } of response.credentials) {
    const store = record instanceof MdocRecord ? agent.mdoc : record instanceof W3cCredentialRecord ? agent.w3cCredentials : agent.sdJwtVc
    await store.store({ record })
    if (notificationId && metadata.credentialIssuer.notification_endpoint) {
      await holder.sendNotification({
        metadata, notificationId, notificationEvent: 'credential_accepted',
        accessToken: token.accessToken, dpop: response.dpop,
      })
    }
    credentials.push({ configuration: credentialConfigurationId, notified: !!notificationId, ...show(record) })
  }
  const deferred = awaited.deferred.map((one) => ({ transaction_id: one.transactionId, interval: one.interval }))
  return { version: metadata.originalDraftVersion, token_type: token.accessTokenResponse.token_type, credentials, deferred }
}

async function refreshed(token, metadata) {
  const next = await holder.refreshToken({
    refreshToken: token.refreshToken, issuerMetadata: metadata, authorizationServer: token.authorizationServer,
    dpop: token.dpop, clientId: begun.clientId, walletAttestationJwt: begun.walletAttestationJwt,
  })
  return { ...token, ...next, dpop: next.dpop ?? token.dpop }
}

/** What the last offer left outstanding. */
let awaited = { deferred: [] }

async function collect({ refresh }) {
  if (refresh) awaited.token = await refreshed(awaited.token, awaited.metadata)
  const credentials = []
  const deferred = []
  for (const one of awaited.deferred) {
    const { token, metadata } = awaited
    const found = await holder.requestDeferredCredentials({
      ...one, issuerMetadata: metadata, accessToken: token.accessToken, dpop: token.dpop,
    })
    const { jwkThumbprintKmsKeyIdMapping } = one
    deferred.push(...found.deferredCredentials.map((next) => ({ ...next, jwkThumbprintKmsKeyIdMapping })))
    for (const { record, credentialConfigurationId } of found.credentials) {
      await agent.sdJwtVc.store({ record })
      credentials.push({ configuration: credentialConfigurationId, ...show(record) })
    }
    token.dpop = found.dpop ?? token.dpop
  }
  awaited.deferred = deferred
  return { credentials, deferred: deferred.map((one) => ({ transaction_id: one.transactionId, interval: one.interval })) }
}

/** A credential by Credo's own issuer, kept as if it had been offered. */
async function issue({ vct, claims }) {
  const { leaf } = await provider()
  const key = Kms.PublicJwk.fromPublicJwk((await agent.kms.createKeyForSignatureAlgorithm({ algorithm: 'ES256' })).publicJwk)
  const { compact } = await agent.sdJwtVc.sign({
    payload: { vct, iat: Math.floor(Date.now() / 1000) - 60, ...claims },
    disclosureFrame: { _sd: Object.keys(claims) },
    issuer: { method: 'x5c', x5c: [leaf] },
    holder: { method: 'jwk', jwk: key },
  })
  const record = new SdJwtVcRecord({ credentialInstances: [{ compactSdJwtVc: compact, kmsKeyId: key.keyId }] })
  await agent.sdJwtVc.store({ record })
  return show(record)
}

// ----- presentation (OpenID4VP)

/** A request as Credo understood it, and what the wallet shows for it. */
async function answerTo(authorizationRequest, origin) {
  const resolved = await holder.resolveOpenId4VpAuthorizationRequest(authorizationRequest, { origin })
  const { authorizationRequestPayload: payload, dcql } = resolved
  const request = {
    client_id: payload.client_id, response_mode: payload.response_mode, response_uri: payload.response_uri,
    signed_by: resolved.signedAuthorizationRequest?.signer.method ?? null,
  }
  if (!dcql?.queryResult.can_be_satisfied) throw new Error('no credential in the wallet satisfies the query')
  const transactionData = resolved.transactionData?.map(({ matchedCredentialIds: [credentialId] }) => ({ credentialId }))
  const answered = await holder.acceptOpenId4VpAuthorizationRequest({
    authorizationRequestPayload: payload,
    origin: resolved.origin,
    transactionData,
    dcql: { credentials: holder.selectCredentialsForDcqlRequest(dcql.queryResult) },
  })
  return { request, answered }
}

async function present({ uri }) {
  const { request, answered } = await answerTo(uri)
  const { status, body } = answered.serverResponse ?? {}
  if (!answered.ok) throw Object.assign(new Error(`the verifier answered ${status}`), { errorResponse: body })
  return { request, status, body, redirect_uri: answered.redirectUri ?? null }
}

/** What a browser is given back for a page of `origin` that asked (OpenID4VP 1.0, appendix A): nothing is posted. */
async function presentToPage({ data, origin }) {
  const { request, answered } = await answerTo(data, origin)
  return { request, data: answered.authorizationResponse }
}

// ----- what is held

function show(record) {
  if (record instanceof MdocRecord) {
    const { docType, issuerSignedNamespaces, alg, base64Url } = record.firstCredential
    return { id: record.id, doctype: docType, alg, claims: plain(issuerSignedNamespaces), compact: [base64Url] }
  }
  if (record instanceof W3cCredentialRecord) {
    const { encoded } = record.firstCredential
    // A credential with a proof is its own encoding; one that is a JWT is text.
    if (typeof encoded === 'string') {
      const { credentialSubject } = JSON.parse(Buffer.from(encoded.split('.')[1], 'base64url')).vc
      return { id: record.id, claims: credentialSubject, compact: [encoded] }
    }
    return { id: record.id, claims: encoded.credentialSubject, credential: encoded, compact: [] }
  }
  const { header, prettyClaims } = record.firstCredential
  const compact = record.credentialInstances.map((instance) => instance.compactSdJwtVc)
  return { id: record.id, header, claims: prettyClaims, compact }
}

/** Dates and bytes as text. */
const plain = (value) => JSON.parse(JSON.stringify(value, (_, one) => (one?.type === 'Buffer' ? Buffer.from(one.data).toString('base64') : one)))

const commands = {
  authorize,
  issue,
  'accept-offer': acceptOffer,
  collect,
  present,
  'present-to-page': presentToPage,
  list: async () => {
    const kept = await Promise.all([agent.sdJwtVc, agent.mdoc, agent.w3cCredentials].map((store) => store.getAll()))
    return { credentials: kept.flat().map(show) }
  },
  provider: async () => ({ ca: (await provider()).ca }),
}

// ----- the door

/** One command at a time: they share the agent's trust list and the record of exchanges. */
async function answer(command, body) {
  exchanges.length = 0
  try {
    if (!Object.hasOwn(commands, command)) throw new Error(`no command '${command}'; there are ${Object.keys(commands).join(', ')}`)
    const request = JSON.parse(body || '{}')
    agent.x509.config.setTrustedCertificates(certificates(request.trust ?? ''))
    return { ok: true, result: await commands[command](request), exchanges: [...exchanges] }
  } catch (error) {
    return { ok: false, error: explain(error), exchanges: [...exchanges] }
  }
}

let turn = Promise.resolve()
const server = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += chunk
  turn = turn.then(async () => {
    const document = await answer(request.url.slice(1), body)
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document))
  })
})
server.listen(Number(flags.port), '127.0.0.1', () => console.log(JSON.stringify({ ready: true, port: server.address().port })))

async function stop() {
  server.close()
  await agent.shutdown().finally(() => process.exit(0))
}
process.on('SIGTERM', stop)
process.on('SIGINT', stop)
// Whoever started the wallet holds its standard input; when that closes, the wallet has no master left.
process.stdin.on('end', stop).resume()
