from semp_sdk import SEMPClient

client = SEMPClient('http://localhost:5000')

# Create event
event = client.create_event(
    type='proposal',
    scope='ui.login',
    trace_id='trace-001',
    agent_id='my-agent',
    payload={'action': 'improve_ux'}
)

# Get events
events = client.get_events()

# Filter by scope
login_events = client.get_events_by_scope('ui.login')

# Get signals
signals = client.get_signals()

# Listen for real-time events
@client.on('event')
def handle_event(event):
    print(f'New event: {event}')

client.connect()
