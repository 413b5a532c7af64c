// The official OpenAI SDK for Node. usage: node chat.mjs CASE, with BASE_URL, API_KEY, MODEL and MODULES (a
// node_modules folder) set.
// Prints one JSON document about what the SDK saw.
import { createRequire } from "node:module";

const OpenAI = createRequire(import.meta.url)(`${process.env.MODULES}/openai`).default;
const client = new OpenAI({ baseURL: process.env.BASE_URL, apiKey: process.env.API_KEY, maxRetries: 0 });
const model = process.env.MODEL;
const messages = [{ role: "user", content: process.env.QUESTION ?? "How many?" }];

const cases = {
  async whole() {
    const answer = await client.chat.completions.create({ model, messages });
    return { text: answer.choices[0].message.content, reason: answer.choices[0].finish_reason, usage: answer.usage };
  },

  async streamed() {
    const stream = await client.chat.completions.create({ model, messages, stream: true, stream_options: { include_usage: true } });
    const seen = { text: "", chunks: 0, usage: null, citations: [] };
    for await (const chunk of stream) {
      seen.chunks += 1;
      seen.text += chunk.choices[0]?.delta?.content ?? "";
      seen.usage = chunk.usage ?? seen.usage;
      seen.citations = chunk.retrieval_context?.citations ?? seen.citations;
    }
    return seen;
  },

  async models() {
    const names = [];
    for await (const entry of client.models.list()) names.push(entry.id);
    return { names };
  },

  // Leaves after the first words; the SDK closes the connection.
  async leave() {
    const stream = await client.chat.completions.create({ model, messages, stream: true });
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta?.content) break;
    }
    return { left: true };
  },
};

try {
  console.log(JSON.stringify(await cases[process.argv[2]]()));
} catch (error) {
  console.log(JSON.stringify({ error: error.constructor.name, status: error.status, code: error.code, message: error.message, id: error.requestID }));
}
