export const dynamic = 'force-dynamic';

const upstream = process.env.UPSTREAM ?? 'https://example.com/';

export async function GET() {
  const answer = await fetch(upstream);
  return Response.json({ upstream: answer.status, characters: (await answer.text()).length });
}
