// For `chancery bench --didcomm`: one JSON line in, one JSON line out. The folder with the package is the first argument.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(`${process.argv[2]}/`);
const { Message } = require('didcomm-node');
const { version } = require('didcomm-node/package.json');
const asked = JSON.parse(readFileSync(0, 'utf8'));

const documents = asked.documents.map(({ id, keyAgreement, authentication, verificationMethod }) => ({
  id, keyAgreement, authentication, verificationMethod, service: [],
}));
const held = asked.secrets.map(({ kid, ...jwk }) => ({ id: kid, type: 'JsonWebKey2020', privateKeyJwk: jwk }));
const resolver = { resolve: async (did) => documents.find((one) => one.id === did) ?? null };
const secrets = {
  get_secret: async (id) => held.find((one) => one.id === id) ?? null,
  find_secrets: async (wanted) => wanted.filter((id) => held.some((one) => one.id === id)),
};
const said = new Message({
  typ: 'application/didcomm-plain+json', id: '1', type: asked.message.type, body: asked.message.body,
  from: asked.from, to: [asked.to],
});

const cpu = () => { const used = process.cpuUsage(); return (used.user + used.system) / 1e6; };
const rate = async (act) => {
  let best = 0;
  for (let window = 0; window < asked.windows; window += 1) {
    const started = cpu();
    let count = 0;
    let now = started;
    while (now < started + asked.seconds / asked.windows || count === 0) {
      for (let one = 0; one < 20; one += 1) await act();
      count += 20;
      now = cpu();
    }
    best = Math.max(best, count / (now - started));
  }
  return best;
};

const pack = async () => (await said.pack_encrypted(asked.to, asked.from, null, resolver, secrets, { forward: false }))[0];
const unpack = (packed) => Message.unpack(packed, resolver, secrets, {});
const packed = await pack();
const [opened, metadata] = await unpack(packed);
if (!metadata.authenticated || JSON.stringify(opened.as_value().body) !== JSON.stringify(asked.message.body)) {
  throw new Error('what was packed is not what was opened');
}
for (let warm = 0; warm < 200; warm += 1) await unpack(await pack());
const rates = { pack: await rate(pack), unpack: await rate(() => unpack(packed)) };
process.stdout.write(JSON.stringify({ by: `didcomm-node ${version}`, ...rates }) + '\n');
