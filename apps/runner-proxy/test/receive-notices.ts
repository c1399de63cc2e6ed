import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'

/** Takes datagrams as systemd does, which Node cannot, and prints each as a line. */
const receiver = `
  use Socket; $| = 1;
  socket(my $in, AF_UNIX, SOCK_DGRAM, 0) or die $!;
  bind($in, pack_sockaddr_un($ARGV[0])) or die $!;
  print "listening\\n";
  my $text;
  while (defined recv($in, $text, 4096, 0)) { print "$text\\n" if $text ne '' && $text ne 'BARRIER=1' }
`

/** Listens at a socket as systemd does until the test is over; gives what it heard so far. */
export async function receiveNotices(socket: string): Promise<() => readonly string[]> {
  const child = spawn('perl', ['-e', receiver, socket], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines = createInterface(child.stdout)
  await once(lines, 'line')
  const heard: string[] = []
  lines.on('line', (line) => heard.push(line))
  return () => heard
}
