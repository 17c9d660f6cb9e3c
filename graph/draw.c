/* Graphviz, at arm's length: layout and rendering in a child with a time limit.
 *
 * dot's layout may take minutes on a graph that looks harmless, and may end the process on one it
 * dislikes; neither may cost the user the report. The child renders into a memory file, so that
 * nothing half-drawn ever reaches the output. It calls _exit(), never exit(): the buffers it
 * inherited are the parent's to write. */
#include <errno.h>
#include <fcntl.h>
#include <fontconfig/fontconfig.h>
#include <graphviz/gvc.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "drawing.h"

enum child_status { DRAWN = 0, NO_CONTEXT = 10, NO_LAYOUT, NO_RENDERER, NO_OUTPUT, NO_FONT };

/* Without any font cairo draws a box for each letter and calls it done. SVG is set by who shows it. */
static bool has_fonts(const char *format)
{
	FcPattern *any = FcPatternCreate();
	FcObjectSet *family = FcObjectSetBuild(FC_FAMILY, NULL);
	FcFontSet *fonts = any && family ? FcFontList(NULL, any, family) : NULL;

	/* The child that asks ends soon: nothing is released. */
	return !strcmp(format, "svg") || (fonts && fonts->nfont);
}

/* With any other density Graphviz scales what it draws, and not the viewBox, which then cuts off the
 * rest (plugin/core/gvrender_core_svg.c of 2.43). Who shows an SVG scales it as he likes, so that it has
 * no largest size either. */
static void unscale(Agraph_t *graph)
{
	agattr(graph, AGRAPH, (char *)"dpi", (char *)"72");
	agattr(graph, AGRAPH, (char *)"size", (char *)"");
}

static int render(Agraph_t *graph, const char *format, int fd)
{
	FILE *out = fdopen(fd, "wb");
	GVC_t *context = gvContext();

	if (!out || !context)
		return NO_CONTEXT;
	if (!has_fonts(format))
		return NO_FONT;
	if (!strcmp(format, "svg"))
		unscale(graph);
	if (gvLayout(context, graph, "dot"))
		return NO_LAYOUT;
	if (gvRender(context, graph, format, out))
		return NO_RENDERER;
	return fflush(out) || ferror(out) ? NO_OUTPUT : DRAWN;
}

__attribute__((__noreturn__)) static void child(Agraph_t *graph, const char *format, int fd,
						pid_t parent)
{
	int null = open("/dev/null", O_RDWR);

	/* Dies with its parent, also if that is gone already. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(NO_CONTEXT);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	/* Graphviz and its font libraries warn about what is no concern of the user's. */
	if (null >= 0) {
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
	}
	_exit(render(graph, format, fd));
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* Waits for the child to end, killing it at the deadline. The pipe's other end closes with it: a
 * wait that needs neither SIGCHLD nor a pidfd (Linux 5.3). */
static int wait_child(pid_t pid, int pipe, unsigned seconds, bool *timed_out)
{
	int64_t deadline = now_ms() + seconds * INT64_C(1000), left;
	struct pollfd poll_fd = {.fd = pipe, .events = POLLIN};
	int status, ready = 0;

	while (!ready && (left = deadline - now_ms()) > 0) {
		ready = poll(&poll_fd, 1, (int)left);
		if (ready < 0)
			break; /* a signal that the caller catches: the user wants to stop */
	}
	*timed_out = !ready;
	if (ready <= 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

static struct hg_error *copy_out(int from, int to)
{
	char buffer[65536];
	ssize_t got;

	if (lseek(from, 0, SEEK_SET) < 0)
		return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot read the picture back");
	while ((got = read(from, buffer, sizeof(buffer))) > 0)
		for (ssize_t done = 0, wrote; done < got; done += wrote) {
			wrote = write(to, buffer + done, (size_t)(got - done));
			if (wrote < 0 && errno != EINTR)
				return hg_error_write(errno, "the picture");
			if (wrote < 0)
				wrote = 0;
		}
	return got < 0 ? hg_error_errno(HG_EXIT_FAILURE, errno, "cannot read the picture back")
		       : NULL;
}

static struct hg_error *explain(int status, const char *format, unsigned seconds, bool timed_out)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	const char *const as_dot = "write DOT instead (-o FILE.dot) and draw it elsewhere";

	if (timed_out)
		return hg_error_hint(hg_error_new(HG_EXIT_FAILURE,
						  "cannot draw the picture: Graphviz took more than %u s",
						  seconds),
				     "try --max-nodes with less than 60, or %s", as_dot);
	if (code == NO_LAYOUT || code == NO_RENDERER)
		return hg_error_hint(
			hg_error_new(HG_EXIT_FAILURE,
				     "cannot draw the picture: Graphviz has no plugin for %s",
				     code == NO_LAYOUT ? "the layout 'dot'" : format),
			"install the package graphviz (and run 'dot -c' once as root), or %s", as_dot);
	if (code == NO_FONT)
		return hg_error_hint(hg_error_new(HG_EXIT_FAILURE,
						  "cannot draw the picture: no font is installed"),
				     "install one (the package fonts-dejavu-core), or -o FILE.svg");
	if (code == NO_OUTPUT)
		return hg_error_new(HG_EXIT_FAILURE,
				    "cannot draw the picture: no memory to hold it");
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return hg_error_new(HG_EXIT_FAILURE, "cannot draw the picture: interrupted");
	if (WIFSIGNALED(status))
		return hg_error_hint(
			hg_error_new(HG_EXIT_FAILURE, "cannot draw the picture: Graphviz died of %s",
				     strsignal(WTERMSIG(status))),
			"%s", as_dot);
	return hg_error_hint(hg_error_new(HG_EXIT_FAILURE,
					  "cannot draw the picture: Graphviz does not start"),
			     "%s", as_dot);
}

struct hg_error *draw_render(struct Agraph_s *graph, const char *format, int fd,
			     unsigned seconds, bool *timed_out)
{
	_cleanup_close_ int memory = memfd_create("picture", MFD_CLOEXEC);
	_cleanup_close_ int read_end = -1, write_end = -1;
	pid_t parent = getpid(), pid;
	int pipe[2], status;

	*timed_out = false;
	if (memory < 0 || pipe2(pipe, O_CLOEXEC) < 0)
		return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot draw the picture");
	read_end = pipe[0];
	write_end = pipe[1];
	pid = fork();
	if (pid < 0)
		return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot draw the picture: fork");
	if (!pid)
		child(graph, format, memory, parent);
	close(take_fd(write_end));
	status = wait_child(pid, read_end, seconds, timed_out);
	if (!*timed_out && WIFEXITED(status) && WEXITSTATUS(status) == DRAWN)
		return copy_out(memory, fd);
	return explain(status, format, seconds, *timed_out);
}
