export default function Page() {
  return <a href="/books">/books</a>;
}
