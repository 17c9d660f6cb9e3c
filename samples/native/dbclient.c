/* A database client: each connection is a block of memory and a socket, both known here only. */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct connection {
	int socket;
	unsigned long queries;
};

struct connection *db_connect(void)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (connection)
		connection->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return connection;
}

unsigned long db_query(struct connection *connection)
{
	return ++connection->queries;
}

void db_disconnect(struct connection *connection)
{
	close(connection->socket);
	free(connection);
}
