// The official Ollama client for Node. usage: node ollama.mjs CASE, with BASE_URL, API_KEY, MODEL and MODULES (a
// node_modules folder) set. Prints one JSON document about what the client saw.
import { pathToFileURL } from "node:url";

const { Ollama } = await import(pathToFileURL(`${process.env.MODULES}/ollama/dist/index.mjs`).href);
const client = new Ollama({ host: process.env.BASE_URL, headers: { Authorization: `Bearer ${process.env.API_KEY}` } });
const model = process.env.MODEL;
const messages = [{ role: "user", content: "How many?" }];

const cases = {
  async whole() {
    const answer = await client.chat({ model, messages });
    return { text: answer.message.content, reason: answer.done_reason, calls: answer.message.tool_calls ?? [] };
  },

  async streamed() {
    const seen = { text: "", parts: 0, counts: null };
    for await (const part of await client.chat({ model, messages, stream: true })) {
      seen.parts += 1;
      seen.text += part.message.content;
      if (part.done) seen.counts = [part.prompt_eval_count, part.eval_count];
    }
    return seen;
  },

  async models() {
    const { models } = await client.list();
    const shown = await client.show({ model });
    return { names: models.map((entry) => entry.name), capabilities: shown.capabilities };
  },

  async texts() {
    const { response } = await client.generate({ model, prompt: "How many?" });
    const { embeddings } = await client.embed({ model, input: ["one", "two"] });
    return { response, sizes: embeddings.map((vector) => vector.length) };
  },

  async leave() {
    const stream = await client.chat({ model, messages, stream: true });
    for await (const part of stream) {
      if (part.message.content) break;
    }
    stream.abort();
    return { left: true };
  },
};

try {
  console.log(JSON.stringify(await cases[process.argv[2]]()));
} catch (error) {
  console.log(JSON.stringify({ error: error.name, status: error.status_code, message: error.message }));
}
