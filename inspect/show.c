#include "show.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <resolv.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>

#define PIECE 3072		/* bytes of the file at once: kitty takes 4,096 characters */
#define ENCODED (PIECE / 3 * 4 + 1)

extern char **environ;

enum protocol { PROTOCOL_NONE, PROTOCOL_KITTY, PROTOCOL_ITERM, PROTOCOL_SIXEL };

static bool env_has(const char *name, const char *part)
{
	const char *value = getenv(name);

	return value && *value && strstr(value, part);
}

/* Terminals say who they are in the environment. One that is asked may not answer, and what it
 * answers late would be read by the shell. */
static enum protocol find_protocol(void)
{
	if (!isatty(STDOUT_FILENO))
		return PROTOCOL_NONE;
	if (env_has("KITTY_WINDOW_ID", "") || env_has("TERM", "kitty") || env_has("TERM", "ghostty"))
		return PROTOCOL_KITTY;
	if (env_has("TERM_PROGRAM", "iTerm") || env_has("LC_TERMINAL", "iTerm") ||
	    env_has("TERM_PROGRAM", "WezTerm"))
		return PROTOCOL_ITERM;
	if (env_has("TERM", "sixel") || env_has("TERM", "foot") || env_has("TERM", "mlterm"))
		return PROTOCOL_SIXEL;
	return PROTOCOL_NONE;
}

/* kitty: <ESC>_G keys ; base64 <ESC>\, in pieces, m=1 on all but the last
 * (sw.kovidgoyal.net/kitty/graphics-protocol). f=100: PNG, a=T: show at once. */
static void put_kitty(FILE *out, const char *piece, bool first, bool last)
{
	fprintf(out, "\033_G%sm=%d;%s\033\\", first ? "f=100,a=T," : "", !last, piece);
}

/* iTerm2: one sequence for the whole file (iterm2.com/documentation-images.html). */
static void put_iterm(FILE *out, const char *piece, bool first, bool last)
{
	fprintf(out, "%s%s%s", first ? "\033]1337;File=inline=1:" : "", piece, last ? "\a" : "");
}

static struct hg_error *put_inline(FILE *file, const char *path, enum protocol protocol)
{
	unsigned char bytes[2][PIECE];
	size_t got = fread(bytes[0], 1, PIECE, file), next;
	char encoded[ENCODED];

	/* One piece is read ahead: the last must be marked. */
	for (unsigned i = 0; got; i++, got = next) {
		next = fread(bytes[~i & 1], 1, PIECE, file);
		if (b64_ntop(bytes[i & 1], got, encoded, sizeof(encoded)) < 0)
			break;
		if (protocol == PROTOCOL_KITTY)
			put_kitty(stdout, encoded, !i, !next);
		else
			put_iterm(stdout, encoded, !i, !next);
	}
	putchar('\n');
	if (ferror(file))
		return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot show %s", path);
	return fflush(stdout) ? hg_error_write(errno, "to standard output") : NULL;
}

static struct hg_error *no_tool(const char *path, const char *tool, int errnum)
{
	return hg_error_hint(hg_error_errno(HG_EXIT_FAILURE, errnum, "cannot show %s: %s", path,
					    tool),
			     "open %s yourself: the file is there", path);
}

/* `wait`: a converter, whose output is awaited; a viewer stays open behind us. */
static struct hg_error *run_tool(const char *tool, const char *path, bool wait)
{
	char *const arguments[] = {(char *)tool, (char *)path, NULL};
	posix_spawn_file_actions_t actions;
	int error, status = 0;
	pid_t pid;

	if (posix_spawn_file_actions_init(&actions))
		return &hg_error_no_memory;
	if (!wait)
		posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	error = posix_spawnp(&pid, tool, &actions, NULL, arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (error)
		return no_tool(path, tool, error);
	while (wait && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return no_tool(path, tool, errno);
	if (status)
		return hg_error_new(HG_EXIT_FAILURE, "cannot show %s: %s failed", path, tool);
	return NULL;
}

static bool is_png(const char *path)
{
	size_t length = strlen(path);

	return length > 4 && !strcasecmp(path + length - 4, ".png");
}

struct hg_error *show_picture(const char *path)
{
	enum protocol protocol = is_png(path) ? find_protocol() : PROTOCOL_NONE;
	_cleanup_fclose_ FILE *file = NULL;

	if (protocol == PROTOCOL_SIXEL)
		return run_tool("img2sixel", path, true);
	if (protocol == PROTOCOL_NONE) {
		if (env_has("DISPLAY", "") || env_has("WAYLAND_DISPLAY", ""))
			return run_tool("xdg-open", path, false);
		return hg_error_hint(hg_error_new(HG_EXIT_FAILURE,
						  "cannot show %s: this terminal draws no pictures, and "
						  "there is no display", path),
				     "open it where there is one: the file is there");
	}
	file = fopen(path, "re");
	if (!file)
		return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot show %s", path);
	return put_inline(file, path, protocol);
}
