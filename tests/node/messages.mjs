// The official Anthropic SDK for Node. usage: node messages.mjs CASE, with BASE_URL, API_KEY, MODEL and MODULES (a
// node_modules folder) set.
// Prints one JSON document about what the SDK saw.
import { createRequire } from "node:module";

const Anthropic = createRequire(import.meta.url)(`${process.env.MODULES}/@anthropic-ai/sdk`).default;
const client = new Anthropic({ baseURL: process.env.BASE_URL, apiKey: process.env.API_KEY, maxRetries: 0 });
const model = process.env.MODEL;
const messages = [{ role: "user", content: process.env.QUESTION ?? "How many?" }];
const tools = [{ name: "Bash", description: "Runs a command.", input_schema: { type: "object", properties: { command: { type: "string" } } } }];
const max_tokens = 100;

const cases = {
  async whole() {
    return { message: await client.messages.create({ model, max_tokens, messages }) };
  },

  async streamed() {
    const stream = client.messages.stream({ model, max_tokens, messages });
    const pieces = [];
    stream.on("text", (text) => pieces.push(text));
    return { message: await stream.finalMessage(), pieces };
  },

  // Runs what the model calls until it calls no more.
  async tools() {
    const said = [...messages];
    for (let turn = 0; turn < 5; ++turn) {
      const message = await client.messages.stream({ model, max_tokens, messages: said, tools }).finalMessage();
      const calls = message.content.filter((block) => block.type === "tool_use");
      if (calls.length === 0) return { message, turn };
      said.push({ role: "assistant", content: message.content });
      said.push({ role: "user", content: calls.map((call) => ({ type: "tool_result", tool_use_id: call.id, content: `ran ${call.input.command}` })) });
    }
  },

  async count() {
    return client.messages.countTokens({ model, messages });
  },
};

try {
  console.log(JSON.stringify(await cases[process.argv[2]]()));
} catch (error) {
  console.log(JSON.stringify({ error: error.constructor.name, status: error.status, message: error.message, id: error.requestID, type: error.error?.error?.type }));
}
