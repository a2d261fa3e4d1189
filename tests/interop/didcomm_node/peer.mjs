// JSON lines in, JSON lines out: the same questions as of the Python library.
import { createInterface } from 'node:readline';
import didcomm from 'didcomm-node';

const { Message } = didcomm;

// The crate wants absolute ids, JWKs and services of version 2.
const shaped = (document) => ({
  id: document.id,
  keyAgreement: ids(document, 'keyAgreement'),
  authentication: ids(document, 'authentication'),
  verificationMethod: document.verificationMethod.map((one) => ({
    id: absolute(document, one.id),
    type: 'JsonWebKey2020',
    controller: document.id,
    publicKeyJwk: one.publicKeyJwk,
  })),
  service: [],
});
const absolute = (document, id) => (id.startsWith('#') ? document.id + id : id);
const ids = (document, name) =>
  (document[name] ?? []).map((one) => absolute(document, typeof one === 'string' ? one : one.id));

const answer = async (request) => {
  const documents = request.documents.map(shaped);
  const resolver = { resolve: async (did) => documents.find((one) => one.id === did) ?? null };
  const held = request.secrets.map(({ kid, ...jwk }) => ({ id: kid, type: 'JsonWebKey2020', privateKeyJwk: jwk }));
  const secrets = {
    get_secret: async (id) => held.find((one) => one.id === id) ?? null,
    find_secrets: async (wanted) => wanted.filter((id) => held.some((one) => one.id === id)),
  };
  if (request.unpack) {
    const [message, metadata] = await Message.unpack(JSON.stringify(request.unpack), resolver, secrets, {});
    return { message: message.as_value(), metadata };
  }
  const message = new Message({ typ: 'application/didcomm-plain+json', ...request.pack });
  const [packed] = await message.pack_encrypted(
    request.to, request.from ?? null, request.sign ?? null, resolver, secrets,
    { forward: false, protect_sender: request.protect ?? false, ...(request.enc ? { enc_alg_anon: request.enc } : {}) },
  );
  return { packed: JSON.parse(packed) };
};

for await (const line of createInterface({ input: process.stdin })) {
  let said;
  try {
    said = await answer(JSON.parse(line));
  } catch (error) {
    said = { error: String(error?.message ?? error) };
  }
  process.stdout.write(JSON.stringify(said) + '\n');
}
