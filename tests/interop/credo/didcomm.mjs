#!/usr/bin/env node
// A DIDComm v1 agent without a screen, driven over HTTP on loopback.
//
//   node didcomm.mjs --store FOLDER [--contexts FOLDER] [--log debug] [--mime v0|v1]      prints {"ready": true, "port": ..., "endpoint": ...}
//   POST /create-invitation {protocols?: ["Connections"|"DidExchange"], multi_use?, legacy?: true}
//   POST /receive-invitation {url, reuse?}          waits until the connection is completed
//   POST /wait-connection {oob} | /connections | /hangup {connection} | /rotate {connection}
//   POST /mediated {connection} | /pick-up {connection}    from then on Credo is reached through that mediator
//   POST /message {connection, content} | /messages {connection} | /ping {connection} | /discover {connection, version?}
//   POST /did {}                                    a did:key of Credo's own
//   POST /offer {connection, credential, proof_type} | /propose-credential {the same} | /credential {thread, state}
//   POST /request-proof {connection, definition, domain} | /proof {thread, state}
//
// Every answer is {"ok", "result" or "error"}.
import { createServer } from 'node:http'
import { randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import { explain, openDidCommAgent } from './didcomm_agent.mjs'
import {
  DidCommBasicMessageEventTypes, DidCommConnectionEventTypes, DidCommDiscoverFeaturesEventTypes, DidCommHandshakeProtocol,
  DidCommMessageReceiver, DidCommTransportService, DidCommTrustPingEventTypes,
} from '@credo-ts/didcomm'

const { values: flags } = parseArgs({
  options: { store: { type: 'string' }, log: { type: 'string', default: 'off' }, mime: { type: 'string', default: 'v1' }, contexts: { type: 'string' } },
})
if (!flags.store) throw new Error('--store FOLDER is needed')

const answers = { 'content-type': 'application/json' }
const body = async (request) => {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** A POST that stays open until Credo has answered on it, or has nothing to say. */
class Session {
  type = 'http'
  constructor(response, mediaType) {
    this.id = randomUUID()
    this.response = response
    this.mediaType = mediaType
  }
  async send(_context, message) {
    if (this.response.headersSent) throw new Error('session has been used')
    this.response.writeHead(200, { 'content-type': this.mediaType }).end(JSON.stringify(message))
  }
  async close() {
    if (!this.response.headersSent) this.response.writeHead(200).end()
  }
}

/** Where Credo takes messages; the port is known before the agent is made, which has to say it. */
class Inbound {
  async start(context) {
    this.receiver = context.dependencyManager.resolve(DidCommMessageReceiver)
    this.sessions = context.dependencyManager.resolve(DidCommTransportService)
  }
  async stop() {}
  async take(request, response) {
    const session = new Session(response, request.headers['content-type'])
    response.once('close', () => this.sessions.removeSession(session))
    try {
      await this.receiver.receiveMessage(JSON.parse(await body(request)), { session })
      await session.close()
    } catch {
      if (!response.headersSent) response.writeHead(500).end()
    }
  }
}

const inbound = new Inbound()
const listening = (handler) => new Promise((done) => {
  const server = createServer(handler)
  server.listen(0, '127.0.0.1', () => done([server, server.address().port]))
})
const [door, doorPort] = await listening((request, response) => inbound.take(request, response))
const endpoint = `http://localhost:${doorPort}`
const agent = await openDidCommAgent(flags.store, flags.log, endpoint, inbound, flags.mime, flags.contexts)
const { connections, oob, basicMessages, discovery, credentials, proofs } = agent.didcomm

const events = []
const on = (type, fn) => agent.events.on(type, ({ payload }) => events.push({ type, ...fn(payload) }))
on(DidCommTrustPingEventTypes.DidCommTrustPingResponseReceivedEvent, ({ message }) => ({ thread: message.threadId }))
on(DidCommDiscoverFeaturesEventTypes.DisclosureReceived, ({ disclosures }) => ({ disclosures: disclosures.map((one) => one.toJSON?.() ?? one) }))
on(DidCommConnectionEventTypes.DidCommConnectionDidRotated, ({ connectionRecord }) => ({ connection: connectionRecord.id }))
on(DidCommBasicMessageEventTypes.DidCommBasicMessageStateChanged, () => ({}))

async function until(check, what) {
  const deadline = Date.now() + 20_000
  for (;;) {
    const value = await check()
    if (value) return value
    if (Date.now() > deadline) throw new Error(`nothing came of ${what}`)
    await new Promise((done) => setTimeout(done, 30))
  }
}

const shown = (record) => ({
  connection: record.id, state: record.state, role: record.role, protocol: record.protocol, did: record.did,
  their_did: record.theirDid, their_label: record.theirLabel,
})
const completed = async (id) => shown(await connections.returnWhenIsConnected(id, { timeoutMs: 20_000 }))

const jsonld = ({ credential, proof_type: proofType }) => ({ jsonld: { credential, options: { proofType, proofPurpose: 'assertionMethod' } } })

/** An exchange in this state, or in any with an error. */
const stands = (found, state) => until(async () => {
  const [record] = await found()
  return record && (record.state === state || record.errorMessage) ? record : undefined
}, state)

const calls = {
  async did() {
    const key = await agent.kms.createKey({ type: { kty: 'OKP', crv: 'Ed25519' } })
    const { didState } = await agent.dids.create({ method: 'key', options: { keyId: key.keyId } })
    return { did: didState.did }
  },
  async offer({ connection, ...what }) {
    const record = await credentials.offerCredential({ connectionId: connection, protocolVersion: 'v2', credentialFormats: jsonld(what) })
    return { thread: record.threadId }
  },
  async 'propose-credential'({ connection, ...what }) {
    const record = await credentials.proposeCredential({ connectionId: connection, protocolVersion: 'v2', credentialFormats: jsonld(what) })
    return { thread: record.threadId }
  },
  async credential({ thread, state }) {
    const record = await stands(() => credentials.findAllByQuery(thread ? { threadId: thread } : {}), state)
    const data = await credentials.getFormatData(record.id)
    return { thread: record.threadId, state: record.state, error: record.errorMessage, kept: record.credentials.length, credential: data.credential?.jsonld }
  },
  async 'request-proof'({ connection, definition, domain }) {
    const options = { challenge: randomUUID(), domain: domain ?? endpoint }
    const record = await proofs.requestProof({
      connectionId: connection, protocolVersion: 'v2', proofFormats: { presentationExchange: { options, presentationDefinition: definition } },
    })
    return { thread: record.threadId }
  },
  async proof({ thread, state }) {
    const record = await stands(() => proofs.findAllByQuery(thread ? { threadId: thread } : {}), state)
    return { thread: record.threadId, state: record.state, verified: record.isVerified, error: record.errorMessage }
  },
  async 'create-invitation'({ protocols, multi_use: multiUseInvitation, legacy }) {
    if (legacy) {
      const { invitation, outOfBandRecord } = await oob.createLegacyInvitation({ label: 'Credo' })
      return { oob: outOfBandRecord.id, url: invitation.toUrl({ domain: endpoint }) }
    }
    const record = await oob.createInvitation({
      label: 'Credo', multiUseInvitation, handshakeProtocols: protocols?.map((name) => DidCommHandshakeProtocol[name]),
    })
    return { oob: record.id, url: record.outOfBandInvitation.toUrl({ domain: endpoint }) }
  },
  async 'receive-invitation'({ url, reuse }) {
    const { connectionRecord } = await oob.receiveInvitationFromUrl(url, { label: 'Credo', reuseConnection: reuse })
    return completed(connectionRecord.id)
  },
  async 'wait-connection'({ oob: id }) {
    const record = await until(async () => (await connections.findAllByOutOfBandId(id))[0], 'an invitation')
    return completed(record.id)
  },
  connections: async () => (await connections.getAll()).map(shown),
  async hangup({ connection }) { await connections.hangup({ connectionId: connection }); return {} },
  async rotate({ connection }) { return connections.rotate({ connectionId: connection }) },
  async message({ connection, content }) { return { thread: (await basicMessages.sendMessage(connection, content)).threadId } },
  async messages({ connection }) {
    const found = await basicMessages.findAllByQuery({ connectionId: connection })
    return found.map(({ role, content }) => ({ role, content }))
  },
  async ping({ connection }) {
    const { threadId } = await connections.sendPing(connection, { responseRequested: true })
    await until(() => events.some(({ type, thread }) => type.endsWith('ResponseReceivedEvent') && thread === threadId), 'a ping')
    return { thread: threadId }
  },
  async mediated({ connection }) {
    const record = await connections.findById(connection)
    const granted = await agent.didcomm.mediationRecipient.provision(record)
    return { state: granted.state, endpoint: granted.endpoint, routing_keys: granted.routingKeys }
  },
  async 'pick-up'({ connection }) {
    await agent.didcomm.messagePickup.pickupMessages({ connectionId: connection, protocolVersion: 'v2', batchSize: 10 })
    return {}
  },
  async discover({ connection, version }) {
    const from = events.length
    await discovery.queryFeatures({ connectionId: connection, protocolVersion: version ?? 'v2', queries: [{ featureType: 'protocol', match: '*' }] })
    return until(() => events.slice(from).find((event) => event.disclosures), 'a query')
  },
}

const [control, port] = await listening(async (request, response) => {
  const call = calls[request.url.slice(1)]
  try {
    if (!call) throw new Error(`one of ${Object.keys(calls)}`)
    const result = (await call(JSON.parse((await body(request)) || '{}'))) ?? {}
    response.writeHead(200, answers).end(JSON.stringify({ ok: true, result }))
  } catch (error) {
    response.writeHead(200, answers).end(JSON.stringify({ ok: false, error: explain(error) }))
  }
})
console.log(JSON.stringify({ ready: true, port, endpoint }))

// The test holds our standard input: when it is gone, so are we.
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => { control.close(); door.close(); process.exit(0) })
