// Many devices at once, for what only shows with many.
const AT_ONCE = 100;

/**
 * Registers devices `prefix000000`, `prefix000001`, … with a few tags, a hundred a request.
 * Throttles are out of the way from then on. */
export async function makeFleet(service, count, prefix = 'pump-') {
  await service.request('PUT', '/api/v1/throttles', { units: 1000 });
  const sites = ['oslo', 'busan', 'lima', 'perth', 'turku'];
  for (let first = 0; first < count; first += AT_ONCE) {
    const devices = Array.from({ length: Math.min(AT_ONCE, count - first) }, (_, index) => {
      const number = first + index;
      return {
        id: `${prefix}${String(number).padStart(6, '0')}`,
        importMode: 'create',
        tags: { site: sites[number % sites.length], floor: number % 12, line: { number: number % 40 } },
      };
    });
    const answer = await service.request('POST', '/devices', devices);
    if (answer.isSuccessful === false) throw new Error(JSON.stringify(answer.errors.slice(0, 2)));
  }
}
