// One Credo agent that speaks DIDComm v1, on a SQLite store of its own. The binding comes first, as in agent.mjs.
import { askar } from '@openwallet-foundation/askar-nodejs'
import { EventEmitter } from 'node:events'
import { join, resolve } from 'node:path'
import { AskarModule } from '@credo-ts/askar'
import { Agent, ConsoleLogger, LogLevel, W3cCredentialsModule } from '@credo-ts/core'
import {
  DidCommAutoAcceptCredential, DidCommAutoAcceptProof, DidCommCredentialV2Protocol, DidCommDifPresentationExchangeProofFormatService,
  DidCommHttpOutboundTransport, DidCommJsonLdCredentialFormatService, DidCommMediatorPickupStrategy, DidCommMimeType, DidCommModule,
  DidCommProofV2Protocol,
} from '@credo-ts/didcomm'
import { explain, fileSystem, loaderWith, nameLdpPresentations } from './agent.mjs'

export { explain }

class NoWebSocket {
  constructor() {
    throw new Error('this agent speaks HTTP only')
  }
}

export async function openDidCommAgent(store, logLevel, endpoint, inbound, mime, contexts) {
  const folder = resolve(store)
  const agent = new Agent({
    config: {
      allowInsecureHttpUrls: true,
      autoUpdateStorageOnStartup: true,
      logger: new ConsoleLogger(LogLevel[logLevel] ?? LogLevel.off),
    },
    dependencies: { FileSystem: fileSystem(folder), EventEmitterClass: EventEmitter, WebSocketClass: NoWebSocket, fetch },
    modules: {
      askar: new AskarModule({
        askar,
        store: {
          id: 'agent',
          // A fixed key: the store holds test keys only and is deleted with its folder.
          key: askar.storeGenerateRawKey({ seed: new Uint8Array(32).fill(2) }),
          keyDerivationMethod: 'raw',
          database: { type: 'sqlite', config: { path: join(folder, 'agent.sqlite') } },
        },
      }),
      w3cCredentials: new W3cCredentialsModule({ documentLoader: loaderWith(contexts) }),
      didcomm: new DidCommModule({
        endpoints: [endpoint],
        didCommMimeType: mime === 'v0' ? DidCommMimeType.V0 : DidCommMimeType.V1,
        transports: { inbound: [inbound], outbound: [new DidCommHttpOutboundTransport()] },
        connections: { autoAcceptConnections: true },
        credentials: {
          autoAcceptCredentials: DidCommAutoAcceptCredential.Always,
          credentialProtocols: [new DidCommCredentialV2Protocol({ credentialFormats: [new DidCommJsonLdCredentialFormatService()] })],
        },
        proofs: {
          autoAcceptProofs: DidCommAutoAcceptProof.Always,
          proofProtocols: [new DidCommProofV2Protocol({ proofFormats: [new DidCommDifPresentationExchangeProofFormatService()] })],
        },
        // Nothing is picked up but when the test says so.
        mediationRecipient: { mediatorPickupStrategy: DidCommMediatorPickupStrategy.None },
      }),
    },
  })
  nameLdpPresentations(agent)
  await agent.initialize()
  return agent
}
