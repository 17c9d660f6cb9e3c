#include "own_command.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK 32768 /* some frames of system calls */

/* Written by the middleman, and by the command's process before its execve(). */
struct launch {
	const char *program;
	char *const *arguments;
	int input, output, errors;
	pid_t parent;
	int failed; /* errno of what could not be started */
	int status;
	_Alignas(16) char middle[STACK];
	_Alignas(16) char last[STACK];
};

static void close_from(unsigned first)
{
	struct rlimit limit = { .rlim_cur = 1024 };

	if (!syscall(SYS_close_range, first, ~0u, 0)) /* Linux 5.9 */
		return;
	getrlimit(RLIMIT_NOFILE, &limit);
	for (unsigned fd = first; fd < limit.rlim_cur; fd++)
		close((int)fd);
}

static int become_command(void *argument)
{
	struct launch *launch = argument;
	const struct sigaction plain = { .sa_handler = SIG_DFL };
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(launch->input, 0);
	dup2(launch->output, 1);
	dup2(launch->errors, 2);
	close_from(3);
	sigaction(SIGPIPE, &plain, NULL); /* which Python ignores */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(launch->program, launch->arguments);
	launch->failed = errno;
	_exit(127);
}

/* errno is that of the thread that waits, which has the same thread-local storage: set only where
 * something fails, and then nothing is left to be got from it. */
static int mediate(void *argument)
{
	struct launch *launch = argument;
	const struct sigaction plain = { .sa_handler = SIG_DFL };
	pid_t pid;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != launch->parent)
		_exit(1);
	sigaction(SIGCHLD, &plain, NULL); /* where it is ignored there is no status */
	pid = clone(become_command, launch->last + STACK, CLONE_VM | CLONE_VFORK | SIGCHLD, launch);
	if (pid < 0) {
		launch->failed = errno;
	} else {
		close_from(0);			  /* whoever reads a pipe of the program's waits for its end */
		waitpid(pid, &launch->status, 0); /* all signals are blocked: no EINTR */
	}
	_exit(0);
}

/* Not among 0, 1 and 2, which a daemon may have closed. */
static int above_standard(int fd)
{
	int ret = fd < 0 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (fd >= 0)
		close(fd);
	return ret;
}

static int memory_file(void)
{
	return above_standard((int)syscall(SYS_memfd_create, "heapgraph", 1u /* MFD_CLOEXEC */));
}

static struct hg_error *cannot_run(const char *program, int number)
{
	const char *hint = number == ENOENT || number == EACCES || number == ENOEXEC
				   ? "install heapgraph again: the command belongs beside the module"
			   : number == EAGAIN ? "raise its limit of processes (ulimit -u)"
			   : number == EMFILE ? "raise its limit of open files (ulimit -n)"
					      : NULL;
	struct hg_error *error = hg_error_errno(HG_EXIT_FAILURE, number, "cannot run %s", program);

	return hint ? hg_error_hint(error, "%s", hint) : error;
}

struct hg_error *own_command_start(const char *program, char *const *arguments,
				   struct own_command *ret)
{
	struct launch *launch;
	sigset_t all, before;
	int pid = -1;

	*ret = (struct own_command){ .output = memory_file() };
	ret->errors = ret->output < 0 ? -1 : memory_file();
	launch = mmap(NULL, sizeof(*launch), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (launch != MAP_FAILED) {
		ret->launch = launch;
		launch->input = ret->errors < 0 ? -1 : above_standard(open("/dev/null", O_RDWR | O_CLOEXEC));
	}
	if (launch == MAP_FAILED || launch->input < 0)
		return cannot_run(program, errno);
	launch->program = program;
	launch->arguments = arguments;
	launch->output = ret->output;
	launch->errors = ret->errors;
	launch->parent = getpid();
	sigfillset(&all); /* a handler of the program's would run in its memory */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = clone(mediate, launch->middle + STACK, CLONE_VM, launch);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	close(launch->input);
	if (pid < 0)
		return cannot_run(program, errno);
	ret->middleman = pid;
	return NULL;
}

bool own_command_wait(struct own_command *command)
{
	if (command->middleman && waitpid(command->middleman, NULL, __WALL) < 0 && errno == EINTR)
		return false;
	command->middleman = 0;
	return true;
}

struct hg_error *own_command_status(const struct own_command *command, int *ret)
{
	*ret = command->launch->status;
	return command->launch->failed
		       ? cannot_run(command->launch->program, command->launch->failed)
		       : NULL;
}

void own_command_end(struct own_command *command)
{
	if (command->middleman)
		kill(command->middleman, SIGKILL);
	while (!own_command_wait(command))
		;
	if (command->output >= 0)
		close(command->output);
	if (command->errors >= 0)
		close(command->errors);
	if (command->launch)
		munmap(command->launch, sizeof(*command->launch));
	*command = (struct own_command){ .output = -1, .errors = -1 };
}
