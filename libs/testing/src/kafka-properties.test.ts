import { describe, expect, it } from 'vitest';
import { type KafkaBrokerOptions, kafkaProperties, scramArguments } from './kafka-properties.ts';

function linesOf(options: KafkaBrokerOptions): readonly string[] {
  const ports = { client: 1, internal: 2, controller: 3 };
  return kafkaProperties(options, { bind: '0.0.0.0', host: 'here', ports, data: '/data' }).split('\n');
}

describe('the properties of a broker', () => {
  it('advertise what listens, or what stands before it', () => {
    expect(linesOf({})).toContain('listeners=CLIENT://0.0.0.0:1,INTERNAL://0.0.0.0:2,CONTROLLER://127.0.0.1:3');
    expect(linesOf({})).toContain('advertised.listeners=CLIENT://here:1,INTERNAL://here:2');
    expect(linesOf({ advertised: 'proxy:9' })).toContain('advertised.listeners=CLIENT://proxy:9,INTERNAL://here:2');
  });

  it('make only the first node of a cluster a controller, which the others vote by', () => {
    const ports = { client: 1, internal: 2, controller: 3 };
    const facts = { bind: 'here', host: 'here', ports, data: '/data' };
    const [first, second] = [1, 2].map((nodeId) =>
      kafkaProperties({}, { ...facts, node: { nodeId, voterPort: 9 } }).split('\n'),
    );
    expect(first).toContain('process.roles=broker,controller');
    expect(second).toContain('process.roles=broker');
    expect(second).toContain('node.id=2');
    expect(second).toContain('listeners=CLIENT://here:1,INTERNAL://here:2');
    for (const lines of [first, second]) expect(lines).toContain('controller.quorum.voters=1@127.0.0.1:9');
  });

  it('give way to those that are asked for', () => {
    const lines = linesOf({ properties: { 'group.min.session.timeout.ms': '9000' } });
    expect(lines.filter((line) => line.startsWith('group.min.session'))).toEqual(['group.min.session.timeout.ms=9000']);
  });

  it('keep a value with several lines on one', () => {
    expect(linesOf({ properties: { 'ssl.keystore.key': '-----BEGIN\nA\\B\n' } })).toContain(
      'ssl.keystore.key=-----BEGIN\\nA\\\\B\\n',
    );
  });

  it('leave SCRAM users to the arguments of the storage tool', () => {
    expect(scramArguments([{ mechanism: 'SCRAM-SHA-512', name: 'alice', password: 'secret' }])).toEqual([
      '--add-scram',
      'SCRAM-SHA-512=[name=alice,password=secret]',
    ]);
  });
});
